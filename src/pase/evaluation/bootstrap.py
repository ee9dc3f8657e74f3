"""Estimates with confidence intervals, by drawing whole clips again (frames of a clip are not independent)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

Measure = Callable[[Floats], Floats]
"""From sums over clips, shape ``(B, K)``, to one number for each row, shape ``(B,)``."""

_DRAWS = 1000


@dataclass(frozen=True)
class Estimate:
    """A measured number.

    Attributes:
        value: Of all clips together; NaN where nothing could be measured.
        low: Lower end of the 95 % interval; NaN with fewer than two clips.
        high: Upper end.
        clips: Clips that it rests on.
    """

    value: float
    low: float
    high: float
    clips: int

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "-"
        if math.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} … {self.high:.3f})"


def bootstrap(sums: ArrayLike, measure: Measure, seed: int) -> Estimate:
    """Estimate a number that is a function of sums over clips, with its 95 % percentile interval.

    Args:
        sums: What each clip adds, shape ``(clips, K)``. Clips that add nothing (all zero) do not count.
        measure: The function.
        seed: Of the draws.
    """
    rows = np.asarray(sums, dtype=np.float64)
    rows = rows[(rows != 0).any(axis=1)] if rows.size else rows.reshape(0, 1)
    clips = len(rows)
    if clips == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(measure(rows.sum(axis=0, keepdims=True))[0])
        if clips < 2:
            return Estimate(value, math.nan, math.nan, clips)
        times = np.random.default_rng(seed).multinomial(clips, np.full(clips, 1 / clips), size=_DRAWS)
        drawn = measure(times @ rows)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (math.nan, math.nan)
    return Estimate(value, float(low), float(high), clips)


def ratio(sums: Floats) -> Floats:
    """First column over the second: a share, or a mean."""
    return sums[:, 0] / sums[:, 1]


def correlation(sums: Floats) -> Floats:
    """Pearson correlation from the sums of `correlation_sums`."""
    n, x, y, xx, yy, xy = sums.T
    spread = np.sqrt((xx - x * x / n) * (yy - y * y / n))
    return np.asarray((xy - x * y / n) / spread)


def correlation_sums(x: ArrayLike, y: ArrayLike) -> Floats:
    """What one clip adds to a correlation over the frames of all clips, shape ``(6,)``."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return np.array([len(a), a.sum(), b.sum(), a @ a, b @ b, a @ b])


def balanced_accuracy(sums: Floats) -> Floats:
    """Mean recall of the classes that occur; columns are the hits of each class, then the frames of each class."""
    hits, frames = np.split(sums, 2, axis=1)
    recall = np.divide(hits, frames, out=np.zeros_like(hits), where=frames > 0)
    return np.asarray(recall.sum(axis=1) / (frames > 0).sum(axis=1))
