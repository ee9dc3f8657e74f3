"""95 % intervals: how they are written, and how wide that of a mean over training seeds is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_T975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval.

    Attributes:
        value: The number; NaN where nothing could be measured.
        low: Lower end of the interval; NaN where it is not known.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    def text(self, digits: int, sign: str = "") -> str:
        """Value and interval for tables.

        Args:
            digits: After the point.
            sign: ``"+"`` to write that of positive numbers too.
        """
        if math.isnan(self.value):
            return "-"
        value, low, high = (f"{number:{sign}.{digits}f}" for number in (self.value, self.low, self.high))
        return value if math.isnan(self.low) else f"{value} ({low} … {high})"


def student_t(freedom: int) -> float:
    """97.5 % quantile of Student's t; beyond 30 degrees of freedom that of 30, which is a little too wide."""
    return _T975[min(freedom, len(_T975)) - 1]


def half_width(values: Sequence[float] | NDArray[np.float64]) -> float:
    """Half width of the interval of a mean by Student's t; NaN with fewer than two values."""
    count = len(values)
    return math.nan if count < 2 else student_t(count - 1) * float(np.std(values, ddof=1)) / math.sqrt(count)
