"""A resampler that can be moved to another process in the middle of a recording."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Resampler, Waveform
from pase.errors import InputError

_REACH = 4096
"""Input samples that the filter may look back on; libswresample's longest, for 768 kHz, has some 1,600."""


class ResumableResampler:
    """`Resampler` whose state is plain: the samples that a fresh one must hear to give the same from there on.

    Those begin at an input sample that coincides with an output sample, so that the filter's phases repeat.

    Args:
        sample_rate: Input rate in whole Hz.

    Raises:
        InputError: A rate that cannot be.
    """

    def __init__(self, sample_rate: int) -> None:
        if not math.isfinite(sample_rate) or sample_rate != int(sample_rate):
            raise InputError(f"sample rate must be a whole number of Hz, not {sample_rate}")
        self.sample_rate = int(sample_rate)
        self._resampler = Resampler(self.sample_rate)
        self._period = self.sample_rate // math.gcd(self.sample_rate, SAMPLE_RATE)
        self._history = np.zeros(0, dtype=np.float32)
        self._first = 0  # number of the first sample of the history

    def push(self, block: Waveform) -> Waveform:
        """Take samples at the input rate, shape ``(N,)``; return what is ready at 16 kHz."""
        if self.sample_rate != SAMPLE_RATE:
            self._remember(block)
        return self._resampler.push(block)

    def flush(self) -> Waveform:
        """The last samples, once the input has ended."""
        return self._resampler.flush()

    def state(self) -> dict[str, NDArray[Any]]:
        """What it remembers."""
        return {"history": self._history.copy(), "first": np.array(self._first)}

    def load_state(self, state: dict[str, NDArray[Any]], given_out: int) -> None:
        """Go on from what `state` gave.

        Args:
            state: Of a resampler of the same input rate.
            given_out: Samples at 16 kHz that the other one had returned.

        Raises:
            InputError: This system's resampler does not take up where the other one was.
        """
        self._resampler = Resampler(self.sample_rate)
        self._history, self._first = state["history"], int(state["first"])
        ready = self._first * SAMPLE_RATE // self.sample_rate + len(self._resampler.push(self._history))
        if self.sample_rate != SAMPLE_RATE and ready != given_out:
            raise InputError(
                f"the stream's state cannot be taken up: after the same sound this system's resampler is at sample "
                f"{ready}, the other was at {given_out}. Is its FFmpeg another one?"
            )

    def _remember(self, block: Waveform) -> None:
        heard = np.concatenate([self._history, block])
        end = self._first + len(heard)
        first = max(self._first, (end - _REACH) // self._period * self._period)
        self._history, self._first = heard[first - self._first :], first
