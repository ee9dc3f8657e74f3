"""A/V offset from a matrix of similarities between audio and shifted video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE

SHIFTS = range(-15, 16)
"""Frames by which the video is moved when the offset is searched."""

WINDOWS = (5, 10, 20, 40)
"""Lengths in frames of the stretches that are looked at: 0.2, 0.4, 0.8 and 1.6 s."""


def seconds(frames: int) -> str:
    """How a length in frames is called: ``"0.4 s"``."""
    return f"{frames / FRAME_RATE:g} s"


@dataclass(frozen=True)
class OffsetScore:
    """Share of stretches whose offset was found.

    Attributes:
        found: Stretches whose best shift lies within the tolerance.
        total: Stretches looked at.
    """

    found: int
    total: int

    @property
    def share(self) -> float:
        """``found / total``; NaN without any stretch."""
        return self.found / self.total if self.total else float("nan")

    def __add__(self, other: "OffsetScore") -> "OffsetScore":
        return OffsetScore(self.found + other.found, self.total + other.total)


def clip_offset(similarity: NDArray[np.float32], shifts: range = SHIFTS) -> int:
    """The shift with the highest mean similarity over a whole clip.

    Args:
        similarity: Shape ``(T, K)``, NaN where the shifted video ends.
        shifts: The K shifts, in frames.
    """
    return shifts[int(np.argmax(np.nanmean(similarity, axis=0)))]


def score_clip(similarity: NDArray[np.float32], shifts: range = SHIFTS, tolerance: int = 1) -> OffsetScore:
    """Whether the offset of a whole clip is found; the true one is 0.

    A clip so short that a shift leaves none of it is not counted.
    """
    if len(similarity) <= max(abs(shift) for shift in shifts):
        return OffsetScore(0, 0)
    return OffsetScore(int(abs(clip_offset(similarity, shifts)) <= tolerance), 1)


def score_windows(
    similarity: NDArray[np.float32], frames: int = 10, shifts: range = SHIFTS, tolerance: int = 1
) -> OffsetScore:
    """Share of short stretches whose offset is found.

    Only stretches are counted for which every shift stays inside the clip: where some candidates are missing, the task
    would be easier.

    Args:
        similarity: Shape ``(T, K)``, NaN where the shifted video ends.
        frames: Length of a stretch; 10 frames are 0.4 s.
        shifts: The K shifts, in frames.
        tolerance: Frames around 0 that count as found.
    """
    if len(similarity) < frames:
        return OffsetScore(0, 0)
    sums = np.lib.stride_tricks.sliding_window_view(similarity, frames, axis=0).mean(axis=-1)  # (T - frames + 1, K)
    complete = sums[np.isfinite(sums).all(axis=1)]
    best = np.asarray(shifts)[complete.argmax(axis=1)] if len(complete) else np.zeros(0)
    return OffsetScore(int((np.abs(best) <= tolerance).sum()), len(best))
