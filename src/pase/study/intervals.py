"""Means over seeds with 95 % intervals, and paired differences."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

_T975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""97.5 % quantiles of Student's t for 1 ... 30 degrees of freedom; beyond, the last is a little too wide."""


@dataclass(frozen=True)
class SeedMean:
    """A mean over seeds.

    Attributes:
        value: The mean.
        low: Lower end of the 95 % interval by Student's t; NaN with one seed.
        high: Upper end.
        seeds: That it rests on.
    """

    value: float
    low: float
    high: float
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def seed_mean(values: Sequence[float]) -> SeedMean:
    """Mean of one value for each seed.

    Raises:
        ValueError: No value.
    """
    if not values:
        raise ValueError("no values to take a mean of")
    center = mean(values)
    if len(values) == 1:
        return SeedMean(center, math.nan, math.nan, 1)
    freedom = min(len(values) - 1, len(_T975))
    half = _T975[freedom - 1] * stdev(values) / math.sqrt(len(values))
    return SeedMean(center, center - half, center + half, len(values))


def paired_difference(values: Mapping[int, float], base: Mapping[int, float]) -> SeedMean | None:
    """Mean over seeds of value minus base, of the seeds that both have; None if there is no such seed.

    Args:
        values: Seed to value.
        base: The same for what is compared with.
    """
    common = sorted(set(values) & set(base))
    return seed_mean([values[seed] - base[seed] for seed in common]) if common else None
