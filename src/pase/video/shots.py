"""Hard cuts between shots, found while the pictures go by.

The libraries for this (PySceneDetect and its kin) bring an OpenCV of their own, which breaks the one that MediaPipe
needs, and open the file themselves; the pictures here are decoded once for everything.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from pase.video.reading import Picture

MIN_CHANGE = 0.10
"""Mean change of the pixels, as a share of white, below which two neighbouring pictures are of one shot."""

MIN_RATIO = 4.0
"""A cut changes the picture by so many times more than the motion around it."""

_GRID = 48  # samples along the longer side of the picture
_MEMORY = 12  # pictures whose change is taken for the motion of the shot


class CutFinder:
    """Tells for each picture whether a new shot begins with it."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._changes: deque[float] = deque(maxlen=_MEMORY)

    def push(self, picture: Picture) -> bool:
        """Take the next picture, RGB, shape ``(H, W, 3)``; pictures may change their size only where a shot does."""
        step = max(1, max(picture.shape[:2]) // _GRID)
        sample = picture[step // 2 :: step, step // 2 :: step].astype(np.int16)
        last, self._last = self._last, sample
        if last is None:
            return False
        if last.shape != sample.shape:
            self._changes.clear()
            return True
        change = float(np.abs(sample - last).mean()) / 255
        usual = float(np.median(self._changes)) if self._changes else 0.0
        if change > max(MIN_CHANGE, MIN_RATIO * usual):
            self._changes.clear()
            return True
        if change > 0:  # a repeated picture says nothing about motion
            self._changes.append(change)
        return False
