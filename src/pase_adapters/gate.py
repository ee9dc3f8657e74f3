"""The silence gate: features fade to rest where nobody speaks, so that the mouth stays shut there."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform

_FRAME = 320
"""Samples over which loudness is taken, 20 ms."""

_FLOOR_SHARE = 0.1
"""Quantile of the frames' loudness that is taken for the noise floor."""

_OVER_FLOOR_DB = 8.0
"""Speech is louder than the noise floor by this at least."""

_UNDER_PEAK_DB = 40.0
"""What is quieter than the loudest frames by this is silence in any case."""

_NOTHING_DB = -90.0
"""Under this nobody speaks, about the last bit of 16."""

_HOLD = 0.16
"""Seconds beside a loud frame that stay open: closures of stops, weak fricatives, the mouth that opens before sound."""

_FADE = 0.12
"""Seconds of the way down, a raised cosine; beside speech's held edge, never inside."""

_QUIETEST_DB = -120.0


@dataclass(frozen=True, slots=True)
class SilenceGate:
    """A factor on features as a function of time.

    Attributes:
        factors: 1 in speech, 0 in silence, float32; of the moments ``k / rate`` seconds.
        rate: Factors per second (Hz).
    """

    factors: NDArray[np.float32]
    rate: float

    @classmethod
    def listen(cls, blocks: Iterable[Waveform]) -> "SilenceGate":
        """Find silence by loudness.

        A recording that is nowhere quieter than its speech by `_OVER_FLOOR_DB`, as in loud noise, is left open.

        Args:
            blocks: The recording at 16 kHz, in pieces.
        """
        loudness = _loudness(blocks)
        if not len(loudness):
            return cls(np.ones(1, np.float32), SAMPLE_RATE / _FRAME)
        peak, floor = float(np.quantile(loudness, 0.95)), float(np.quantile(loudness, _FLOOR_SHARE))
        threshold = max(min(floor + _OVER_FLOOR_DB, peak - _OVER_FLOOR_DB), peak - _UNDER_PEAK_DB, _NOTHING_DB)
        return cls(_fade(loudness > threshold), SAMPLE_RATE / _FRAME)

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Factors at some times in seconds, shape ``(M,)``."""
        places = np.arange(len(self.factors)) + 0.5
        return np.interp(times * self.rate, places, self.factors).astype(np.float32)

    @property
    def closed(self) -> float:
        """Share of the recording in which nothing is left of the features."""
        return float((self.factors == 0).mean())


def _loudness(blocks: Iterable[Waveform]) -> NDArray[np.float32]:
    """Power of each frame in dB of full scale; the rest of a frame at the end does not count."""
    parts: list[NDArray[np.float32]] = []
    left = np.zeros(0, np.float32)
    for block in blocks:
        left = np.concatenate([left, block])
        whole = len(left) // _FRAME * _FRAME
        power = np.square(left[:whole].reshape(-1, _FRAME)).mean(axis=1)
        parts.append(np.maximum(10 * np.log10(power + 1e-20), _QUIETEST_DB).astype(np.float32))
        left = left[whole:]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _fade(speech: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 where a frame of speech is within the hold, then a raised cosine down to 0."""
    if not speech.any():
        return np.zeros(len(speech), np.float32)
    places = np.arange(len(speech))
    before = np.maximum.accumulate(np.where(speech, places, -len(speech)))
    after = np.minimum.accumulate(np.where(speech, places, 2 * len(speech))[::-1])[::-1]
    apart = np.minimum(places - before, after - places) * _FRAME / SAMPLE_RATE
    down = np.clip((apart - _HOLD) / _FADE, 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * down)).astype(np.float32)
