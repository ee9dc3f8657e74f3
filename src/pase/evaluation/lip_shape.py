"""How far a prediction of the shape of the mouth is off."""

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.bootstrap import Floats


def landmark_distance(one: Floats | NDArray[np.float32], other: Floats | NDArray[np.float32]) -> Floats:
    """Mean Euclidean distance over the lip points of each frame (LMD), shape ``(T,)``; arguments ``(T, 80)``."""
    apart = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return np.asarray(np.linalg.norm(apart.reshape(len(apart), -1, 2), axis=-1).mean(axis=1))
