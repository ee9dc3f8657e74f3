"""Means over seeds with 95 % intervals, and paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from pase.evaluation.interval import Interval, half_width


@dataclass(frozen=True)
class SeedMean(Interval):
    """A mean over seeds, its interval by Student's t; with one seed it is not known.

    Attributes:
        seeds: That it rests on.
    """

    seeds: int


def seed_mean(values: Sequence[float]) -> SeedMean:
    """Mean of one value for each seed.

    Raises:
        ValueError: No value.
    """
    if not values:
        raise ValueError("no values to take a mean of")
    center, half = mean(values), half_width(values)
    return SeedMean(center, center - half, center + half, len(values))


def paired_difference(values: Mapping[int, float], base: Mapping[int, float]) -> SeedMean | None:
    """Mean over seeds of value minus base, of the seeds that both have; None if there is no such seed.

    Args:
        values: Seed to value.
        base: The same for what is compared with.
    """
    common = sorted(set(values) & set(base))
    return seed_mean([values[seed] - base[seed] for seed in common]) if common else None
