"""Estimates with confidence intervals, by drawing whole clips again (frames of a clip are not independent)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.evaluation.interval import Interval

Floats = NDArray[np.float64]

Statistic = Callable[[Floats], Floats]
"""From sums over clips, shape ``(B, K)``, to one number for each row, shape ``(B,)``."""

_DRAWS = 1000

FEWEST = 5
"""Clips that an interval needs: fewer are drawn again in so few ways that it would promise far too much."""


@dataclass(frozen=True)
class Estimate(Interval):
    """A number measured on all clips together; its interval is not known with fewer than `FEWEST`.

    Attributes:
        clips: Clips that it rests on.
    """

    clips: int

    def __str__(self) -> str:
        return self.text(3)


def bootstrap(sums: ArrayLike, statistic: Statistic, seed: int) -> Estimate:
    """Estimate a number that is a function of sums over clips, with its 95 % percentile interval.

    Args:
        sums: What each clip adds, shape ``(clips, K)``. Clips that add nothing (all zero) do not count.
        statistic: The function.
        seed: Of the draws.
    """
    rows = np.asarray(sums, dtype=np.float64)
    rows = rows[adding(rows)] if rows.size else rows.reshape(0, 1)
    clips = len(rows)
    if clips == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    value = evaluate_once(rows, statistic)
    if clips < FEWEST:
        return Estimate(value, math.nan, math.nan, clips)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = statistic(draw_clips(clips, seed) @ rows)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (math.nan, math.nan)
    return Estimate(value, float(low), float(high), clips)


def adding(sums: Floats) -> NDArray[np.bool_]:
    """Which clips add something to sums of shape ``(clips, K)``."""
    return np.asarray((sums != 0).any(axis=1))


def evaluate_once(sums: Floats, statistic: Statistic) -> float:
    """The number of all clips together; NaN without any."""
    if not sums.any():
        return math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(statistic(sums.sum(axis=0, keepdims=True))[0])


def draw_clips(clips: int, seed: int, draws: int = _DRAWS) -> Floats:
    """How often each clip is drawn in each repetition, shape ``(draws, clips)``."""
    return np.random.default_rng(seed).multinomial(clips, np.full(clips, 1 / clips), size=draws).astype(np.float64)


def ratio(sums: Floats) -> Floats:
    """First column over the second: a share, or a mean."""
    return sums[:, 0] / sums[:, 1]


def quotient(sums: Floats) -> Floats:
    """Quotient of two means: the first column over the second, divided by the third over the fourth."""
    return sums[:, 0] / sums[:, 1] / (sums[:, 2] / sums[:, 3])


def f1(sums: Floats) -> Floats:
    """Harmonic mean of recall and precision, columns as for `quotient`.

    0 where nothing is found, of which there is no precision; NaN where there is nothing to find.
    """
    hit, wanted, right, found = sums.T
    recall = hit / wanted
    precision = np.divide(right, found, out=np.zeros(len(sums)), where=found > 0)
    total = recall + precision
    return np.asarray(np.divide(2 * recall * precision, total, out=np.zeros(len(sums)), where=total != 0))


def median(counts: Floats) -> Floats:
    """Median of whole numbers, of which column *k* counts how often *k* + 1 occurred; the lower of two middles."""
    half = counts.sum(axis=1, keepdims=True) / 2
    place = (counts.cumsum(axis=1) >= half).argmax(axis=1) + 1.0
    return np.asarray(np.where(half[:, 0] > 0, place, math.nan))


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


STATISTICS: Mapping[str, Statistic] = {
    "ratio": ratio,
    "quotient": quotient,
    "f1": f1,
    "median": median,
    "correlation": correlation,
    "balanced": balanced_accuracy,
}
"""By the name that results give them."""
