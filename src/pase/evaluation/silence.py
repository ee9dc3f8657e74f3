"""What lips and features do while nothing is said.

A frame is silent where its phone is silence, and so are the three frames on either side: just before and after speech
lips move with good reason. Where the phone is not known, a frame counts as neither silent nor spoken.
"""

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.bootstrap import Floats
from pase.evaluation.lip_shape import landmark_distance
from pase.phonemes.inventory import PHONE_INDEX, SILENCE, UNKNOWN

REACH = 3
"""Frames around speech that do not count as silent."""

EDGE = 2
"""Frames on either side of an edge within which features may change."""

Labels = NDArray[np.int64]


def silent_frames(labels: Labels) -> NDArray[np.bool_]:
    """Where silence lasts, shape ``(T,)``."""
    other = np.pad(labels != PHONE_INDEX[SILENCE], REACH)
    return np.asarray(~np.lib.stride_tricks.sliding_window_view(other, 2 * REACH + 1).any(axis=1))


def spoken_frames(labels: Labels) -> NDArray[np.bool_]:
    """Where a phone is spoken, shape ``(T,)``."""
    return np.asarray((labels != PHONE_INDEX[SILENCE]) & (labels != UNKNOWN))


def aperture_sums(gap: Floats, labels: Labels) -> Floats:
    """Sum of a gap over silent frames, and their number, shape ``(2,)``."""
    silent = silent_frames(labels)
    return np.array([gap[silent].sum(), silent.sum()])


def jitter_sums(shape: Floats | NDArray[np.float32], labels: Labels) -> Floats:
    """Sum of the distances that lip points of shape ``(T, 80)`` go from one silent frame to the next; their number."""
    silent = silent_frames(labels)
    pairs = silent[1:] & silent[:-1]
    return np.array([landmark_distance(shape[1:], shape[:-1])[pairs].sum(), pairs.sum()])


def change_sums(rows: NDArray[np.float32], labels: Labels) -> tuple[Floats, Floats]:
    """How much features change in silence, and at its edges, each against their change within speech.

    Args:
        rows: Standardised rows, shape ``(T, F)``.
        labels: Shape ``(T,)``.

    Returns:
        Two quotients of shape ``(4,)``: sum and number of steps in silence (of the largest steps around each edge),
        then of steps within speech.
    """
    steps = np.linalg.norm(np.diff(rows, axis=0).astype(np.float64), axis=1)
    silent, spoken = silent_frames(labels), spoken_frames(labels)
    still, speech = (kind[1:] & kind[:-1] for kind in (silent, spoken))
    within = [steps[speech].sum(), speech.sum()]
    largest = [steps[max(0, edge - EDGE) : edge + EDGE + 1].max() for edge in _edges(labels)]
    return np.array([steps[still].sum(), still.sum(), *within]), np.array([sum(largest), len(largest), *within])


def _edges(labels: Labels) -> Labels:
    """Frames after which silence turns into speech or the other way round."""
    silence, spoken = labels == PHONE_INDEX[SILENCE], spoken_frames(labels)
    return np.flatnonzero((silence[:-1] & spoken[1:]) | (spoken[:-1] & silence[1:]))
