"""Lip aperture from sound, by ridge regression on neighbouring frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.bootstrap import Estimate, Floats, bootstrap, correlation, correlation_sums, ratio
from pase.evaluation.clip_features import with_context

CONTEXT = 8
"""Video frames that the aperture of one frame is predicted from."""

HELD_OUT = 5
"""Every fifth training clip chooses the strength."""

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Weights of the penalty against the mean squared error, for inputs of unit variance."""

_BLOCK = 4096
"""Rows with context held at a time."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes:
        center: Mean of the inputs, shape ``(F,)``.
        scale: Their standard deviation, shape ``(F,)``.
        weights: Shape ``(CONTEXT * F,)``.
        bias: Constant.
        strength: The chosen one of `STRENGTHS`.
    """

    center: Rows
    scale: Rows
    weights: Floats
    bias: float
    strength: float

    def predict(self, rows: Rows) -> Floats:
        """Aperture of each frame of one clip from its rows of shape ``(T, F)``; shape ``(T,)``."""
        inputs = with_context((rows - self.center) / self.scale, CONTEXT)
        return np.asarray(inputs @ self.weights + self.bias)


@dataclass(frozen=True)
class _Sums:
    """Moments of inputs x (with context) and target y."""

    count: int
    x: Floats
    y: float
    xx: Floats
    xy: Floats

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(
            self.count + other.count, self.x + other.x, self.y + other.y, self.xx + other.xx, self.xy + other.xy
        )

    def solve(self, strengths: Sequence[float]) -> tuple[Floats, Floats]:
        """Weights of shape ``(P, S)`` and biases of shape ``(S,)``."""
        mean_x, mean_y = self.x / self.count, self.y / self.count
        covariance = self.xx / self.count - np.outer(mean_x, mean_x)
        cross = self.xy / self.count - mean_x * mean_y
        identity = np.eye(len(cross))
        weights = np.stack([np.linalg.solve(covariance + s * identity, cross) for s in strengths], axis=1)
        return weights, mean_y - mean_x @ weights


def fit_ridge(inputs: Sequence[Rows], targets: Sequence[Rows]) -> Ridge:
    """Fit on training clips; the strength is the one that correlates best on every fifth of them.

    Args:
        inputs: Rows of each clip, shape ``(T, F)``.
        targets: Target of each frame, shape ``(T,)``.
    """
    center, scale = standardisation(inputs)
    clips = [((rows - center) / scale, target) for rows, target in zip(inputs, targets, strict=True)]
    held, fitted = clips[::HELD_OUT], [clip for place, clip in enumerate(clips) if place % HELD_OUT]
    best = STRENGTHS[len(STRENGTHS) // 2]
    held_sums = _sums(held)
    if not fitted:
        fitted_and_held = held_sums
    else:
        sums = _sums(fitted)
        weights, biases = sums.solve(STRENGTHS)
        best = _best_strength(held, weights, biases)
        fitted_and_held = sums + held_sums
    weights, biases = fitted_and_held.solve([best])
    return Ridge(center, scale, weights[:, 0], float(biases[0]), best)


def standardisation(inputs: Sequence[Rows]) -> tuple[Rows, Rows]:
    """Mean and standard deviation of each column over all clips."""
    count = sum(len(rows) for rows in inputs)
    mean = sum(rows.sum(axis=0, dtype=np.float64) for rows in inputs) / count
    square = sum(np.square(rows - mean).sum(axis=0, dtype=np.float64) for rows in inputs) / count
    scale = np.sqrt(square)
    scale[scale < 1e-6] = 1.0
    return np.asarray(mean, dtype=np.float32), np.asarray(scale, dtype=np.float32)


def score_aperture(predicted: Sequence[Floats], true: Sequence[Rows], seed: int) -> tuple[Estimate, Estimate]:
    """Pearson correlation over the frames of all clips together, and the mean of each clip's own."""
    sums = np.array([correlation_sums(p, t) for p, t in zip(predicted, true, strict=True)]).reshape(-1, 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = correlation(sums)
    own = own[np.isfinite(own)]
    return bootstrap(sums, correlation, seed), bootstrap(np.stack([own, np.ones_like(own)], axis=1), ratio, seed)


def _best_strength(held: Sequence[tuple[Rows, Rows]], weights: Floats, biases: Floats) -> float:
    sums = np.zeros((len(STRENGTHS), 6))
    for rows, target in held:
        predicted = with_context(rows, CONTEXT) @ weights + biases
        sums += np.stack([correlation_sums(column, target) for column in predicted.T])
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.nan_to_num(correlation(sums), nan=-1.0)
    return STRENGTHS[int(np.argmax(scores))]


def _sums(clips: Sequence[tuple[Rows, Rows]]) -> _Sums:
    width = clips[0][0].shape[1] * CONTEXT
    count, x, y = 0, np.zeros(width), 0.0
    xx, xy = np.zeros((width, width)), np.zeros(width)
    for inputs, targets in _blocks(clips):
        count += len(targets)
        x += inputs.sum(axis=0, dtype=np.float64)
        y += float(targets.sum(dtype=np.float64))
        xx += inputs.T @ inputs  # single precision within a block, double over blocks
        xy += inputs.T @ targets
    return _Sums(count, x, y, xx, xy)


def _blocks(clips: Sequence[tuple[Rows, Rows]]) -> Iterator[tuple[Rows, Rows]]:
    inputs: list[Rows] = []
    targets: list[Rows] = []
    waiting = 0
    for place, (rows, target) in enumerate(clips):
        inputs.append(with_context(rows, CONTEXT))
        targets.append(target)
        waiting += len(target)
        if waiting >= _BLOCK or place == len(clips) - 1:
            yield np.concatenate(inputs), np.concatenate(targets)
            inputs, targets, waiting = [], [], 0
