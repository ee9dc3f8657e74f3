"""The shape of the mouth, apart from whose mouth it is, and how far a prediction of it is off."""

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.bootstrap import Floats
from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT


def lip_displacement(lip_points: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each lip point is from where it is on average in its clip, in widths of this mouth.

    A person's resting face is nothing that sound tells, so it is not asked for.

    Args:
        lip_points: Of one clip, shape ``(T, 40, 2)`` in the order of `pase.video.landmarks.LIP_INDICES`.

    Returns:
        x and y of each point, shape ``(T, 80)``; its mean over the clip is zero.
    """
    points = lip_points.astype(np.float64)
    width = np.linalg.norm(points[:, MOUTH_RIGHT] - points[:, MOUTH_LEFT], axis=-1).mean()
    moved = (points - points.mean(axis=0)) / max(float(width), 1e-6)
    return np.asarray(moved.reshape(len(points), -1), dtype=np.float32)


def landmark_distance(one: Floats | NDArray[np.float32], other: Floats | NDArray[np.float32]) -> Floats:
    """Mean Euclidean distance over the lip points of each frame (LMD), shape ``(T,)``; arguments ``(T, 80)``."""
    apart = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return np.asarray(np.linalg.norm(apart.reshape(len(apart), -1, 2), axis=-1).mean(axis=1))
