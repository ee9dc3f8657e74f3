"""What PocketSphinx finds in a sound, and how loud the sound is there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform

FRAME_RATE = 100
"""PocketSphinx frames per second."""

WINDOW = 410
"""Samples that one frame sees; frame *i* begins at sample ``i * 160``."""

SILENCE_WORD = "<sil>"

_HEARD = 320
"""Samples whose loudness counts for a frame, in the middle of its window."""

_INAUDIBLE = 1e-10
"""Power; about the rounding of 16-bit samples, so that digital silence has a loudness."""


@dataclass(frozen=True, slots=True)
class DecodedPhone:
    """A phone as PocketSphinx gives it: times in frames, its acoustic score summed over them (0 is best)."""

    label: str
    start: int
    frames: int
    score: int

    @property
    def stop(self) -> int:
        """The first frame after it."""
        return self.start + self.frames


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word, or a silence (whose name is in angle brackets), with its phones."""

    name: str
    phones: tuple[DecodedPhone, ...]

    @property
    def spoken(self) -> bool:
        """Whether it is a word."""
        return not self.name.startswith(("<", "["))


def loudness(waveform: Waveform) -> NDArray[np.float64]:
    """Loudness of each PocketSphinx frame, in dB, shape ``(frames,)``.

    It is that of the waveform's differences: a slope of 6 dB per octave leaves speech and takes away the thumps and
    breaths on a microphone, which are far louder than speech in the lowest octaves.

    Args:
        waveform: 16 kHz, shape ``(N,)``.
    """
    power = np.square(np.diff(waveform, prepend=waveform[:1]), dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(power)])
    first = np.arange(0, len(waveform), SAMPLE_RATE // FRAME_RATE) + (WINDOW - _HEARD) // 2
    bounds = np.minimum([first, first + _HEARD], len(waveform))
    level: NDArray[np.float64] = 10 * np.log10((total[bounds[1]] - total[bounds[0]]) / _HEARD + _INAUDIBLE)
    return level
