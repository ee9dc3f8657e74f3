"""From the rows of a network, at its own rate and for sound of limited length, to rows of video frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pase.audio.waveform import Waveform
from pase.baselines.base import Rows
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.inference.track import FeatureTrack


@dataclass(frozen=True, slots=True)
class RowTimes:
    """Where the rows of a network lie: the middle of what row *k* hears is ``first + k / rate`` seconds.

    Attributes:
        first: Time of row 0 in seconds.
        rate: Rows per second.
    """

    first: float
    rate: float

    def at_frames(self, rows: Rows, frames: int) -> Rows:
        """Rows at the middles of video frames, interpolated linearly; the ends are repeated.

        Args:
            rows: Of the network, shape ``(K, F)``.
            frames: Video frames.

        Returns:
            Shape ``(frames, F)``.
        """
        middles = (np.arange(frames) + 0.5) / FRAME_RATE
        return FeatureTrack(rows, self.rate, frames / FRAME_RATE).at(middles - self.first, outside="edge")


@dataclass(frozen=True, slots=True)
class Chunks:
    """How long sound is cut for what cannot take it whole.

    Sound of at most ``core + 2 * margin`` video frames is not cut. Else rows of `core` frames are taken from chunks
    that also hear `margin` frames on either side.

    Attributes:
        core: Video frames whose rows are kept.
        margin: Video frames heard before and after these.
    """

    core: int = 400
    margin: int = 50

    def rows(self, encode: Callable[[Waveform], Rows], waveform: Waveform, width: int) -> Rows:
        """Encode sound of any length, one chunk in memory at a time.

        Args:
            encode: From sound of shape ``(n * 640,)`` to rows of shape ``(n, F)``.
            waveform: Shape ``(T * 640,)``.
            width: F.

        Returns:
            Shape ``(T, F)``.
        """
        frames = len(waveform) // SAMPLES_PER_FRAME
        rows = np.empty((frames, width), dtype=np.float32)
        for start, stop, heard_from, heard_to in self._places(frames):
            part = encode(waveform[heard_from * SAMPLES_PER_FRAME : heard_to * SAMPLES_PER_FRAME])
            rows[start:stop] = part[start - heard_from : stop - heard_from]
        return rows

    def _places(self, frames: int) -> Iterator[tuple[int, int, int, int]]:
        if frames <= self.core + 2 * self.margin:
            yield 0, frames, 0, frames
            return
        for start in range(0, frames, self.core):
            stop = min(start + self.core, frames)
            yield start, stop, max(0, start - self.margin), min(frames, stop + self.margin)
