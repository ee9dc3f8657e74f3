"""A frame together with its neighbours."""

import numpy as np
from numpy.typing import NDArray


def with_context(rows: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Each row together with its neighbours: of 8, four before and three after; the ends are repeated.

    Args:
        rows: Shape ``(T, F)``.
        frames: Rows to put together.

    Returns:
        Shape ``(T, frames * F)``.
    """
    return rows[neighbours(len(rows), frames)].reshape(len(rows), -1)


def neighbours(length: int, frames: int) -> NDArray[np.int64]:
    """Indices of each row's neighbours within a clip, shape ``(length, frames)``."""
    offsets = np.arange(frames) - frames // 2
    return np.asarray(np.clip(np.arange(length)[:, None] + offsets, 0, length - 1))
