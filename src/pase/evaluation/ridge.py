"""Lip shape and aperture from sound, by ridge regression on neighbouring frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.bootstrap import Floats
from pase.evaluation.context import with_context

CONTEXT = 8
"""Video frames that the lips of one frame are predicted from."""

HELD_OUT = 5
"""Every fifth training clip chooses the strength."""

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Weights of the penalty against the mean squared error, for inputs of unit variance."""

_BLOCK = 4096
"""Rows with context held at a time."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Ridge:
    """A fitted regression from F inputs to K targets.

    Attributes:
        center: Mean of the inputs, shape ``(F,)``.
        scale: Their standard deviation, shape ``(F,)``.
        weights: Shape ``(CONTEXT * F, K)``.
        bias: Shape ``(K,)``.
        strengths: The one of `STRENGTHS` chosen for each target, shape ``(K,)``.
    """

    center: Rows
    scale: Rows
    weights: Floats
    bias: Floats
    strengths: Floats

    def predict(self, rows: Rows) -> Floats:
        """Targets of each frame of one clip from its rows of shape ``(T, F)``; shape ``(T, K)``."""
        inputs = with_context((rows - self.center) / self.scale, CONTEXT)
        return np.asarray(inputs @ self.weights + self.bias)


@dataclass(frozen=True)
class _Sums:
    """Moments of inputs x (with context, P columns) and targets y (K columns)."""

    count: int
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    def __add__(self, other: "_Sums") -> "_Sums":
        pairs = zip(self._moments(), other._moments(), strict=True)
        return _Sums(self.count + other.count, *(one + two for one, two in pairs))

    def _moments(self) -> tuple[Floats, ...]:
        return self.x, self.y, self.xx, self.xy, self.yy

    def centred(self) -> tuple[Floats, Floats, Floats]:
        """Covariances of x, of x with y, and variances of y."""
        x, y = self.x / self.count, self.y / self.count
        covariance = self.xx / self.count
        covariance -= np.outer(x, x)
        return covariance, self.xy / self.count - np.outer(x, y), self.yy / self.count - y * y

    def bias(self, weights: Floats) -> Floats:
        """The constant that goes with weights."""
        return (self.y - self.x @ weights) / self.count


def fit_ridge(inputs: Sequence[Rows], targets: Sequence[Rows]) -> Ridge:
    """Fit on training clips; each target takes the strength with the least error on every fifth of them.

    Args:
        inputs: Rows of each clip, shape ``(T, F)``.
        targets: Targets of each frame, shape ``(T, K)``.
    """
    center, scale = standardisation(inputs)
    clips = [((rows - center) / scale, target) for rows, target in zip(inputs, targets, strict=True)]
    held, fitted = _sums(clips[::HELD_OUT]), [clip for place, clip in enumerate(clips) if place % HELD_OUT]
    strengths = np.full(len(held.y), STRENGTHS[len(STRENGTHS) // 2])
    everything = held
    if fitted:
        sums = _sums(fitted)
        strengths = _best_strengths(sums, held)
        everything = sums + held
    weights = _solve(everything, strengths)
    return Ridge(center, scale, weights, everything.bias(weights), strengths)


def standardisation(inputs: Sequence[Rows]) -> tuple[Rows, Rows]:
    """Mean and standard deviation of each column over all clips."""
    count = sum(len(rows) for rows in inputs)
    mean = sum(rows.sum(axis=0, dtype=np.float64) for rows in inputs) / count
    square = sum(np.square(rows - mean).sum(axis=0, dtype=np.float64) for rows in inputs) / count
    scale = np.sqrt(square)
    scale[scale < 1e-6] = 1.0
    return np.asarray(mean, dtype=np.float32), np.asarray(scale, dtype=np.float32)


def _solve(sums: _Sums, strengths: Floats) -> Floats:
    """Weights of shape ``(P, K)``, each target with its own strength."""
    covariance, cross, _ = sums.centred()
    weights = np.empty_like(cross)
    for strength in np.unique(strengths):
        own = strengths == strength
        weights[:, own] = _solve_one(covariance, cross[:, own], strength)
    return weights


def _solve_one(covariance: Floats, cross: Floats, strength: float) -> Floats:
    penalised = covariance.copy()
    penalised[np.diag_indices_from(penalised)] += strength
    return np.asarray(np.linalg.solve(penalised, cross), dtype=np.float64)


def _best_strengths(fitted: _Sums, held: _Sums) -> Floats:
    """For each target the strength with the least squared error on held-out clips, shape ``(K,)``."""
    covariance, cross, _ = fitted.centred()
    errors = []
    for strength in STRENGTHS:
        weights = _solve_one(covariance, cross, strength)
        errors.append(_squared_error(held, weights, fitted.bias(weights)))
    return np.asarray(np.asarray(STRENGTHS)[np.argmin(errors, axis=0)])


def _squared_error(sums: _Sums, weights: Floats, bias: Floats) -> Floats:
    """Mean squared error of each target, from moments alone."""
    covariance, cross, variance = sums.centred()
    explained = 2 * (weights * cross).sum(axis=0) - (weights * (covariance @ weights)).sum(axis=0)
    return np.asarray(variance - explained + np.square(sums.bias(weights) - bias))


def _sums(clips: Sequence[tuple[Rows, Rows]]) -> _Sums:
    width, targets = clips[0][0].shape[1] * CONTEXT, clips[0][1].shape[1]
    count, x, y, yy = 0, np.zeros(width), np.zeros(targets), np.zeros(targets)
    xx, xy = np.zeros((width, width)), np.zeros((width, targets))
    for inputs, wanted in _blocks(clips):
        count += len(wanted)
        x += inputs.sum(axis=0, dtype=np.float64)
        y += wanted.sum(axis=0, dtype=np.float64)
        yy += np.square(wanted).sum(axis=0, dtype=np.float64)
        xx += inputs.T @ inputs  # single precision within a block, double over blocks
        xy += inputs.T @ wanted
    return _Sums(count, x, y, xx, xy, yy)


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
