"""Rows of features with their times, sampled while the states arrive."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.inference.track import check_row_rate, interpolate, row_times


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Features of some moments.

    Attributes:
        times: Seconds from the first sample, float64, shape ``(M,)``, rising.
        features: float32, shape ``(M, D)``.
    """

    times: NDArray[np.float64]
    features: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.times.shape != self.features.shape[:1]:
            raise ValueError(f"{self.times.shape} times for features of shape {self.features.shape}")

    def __len__(self) -> int:
        return len(self.times)


def join(rows: list[Rows]) -> Rows:
    """Several rows, one after the other."""
    return Rows(np.concatenate([some.times for some in rows]), np.concatenate([some.features for some in rows]))


class RowSampler:
    """Turns consecutive states into rows: the same that `FeatureTrack` gives of all states together.

    Args:
        width: Feature width D.
        state_rate: States per second that `push` is given, from time 0.
        rate: Rows per second; row *i* is the feature at its middle, ``(i + 0.5) / rate`` s. None: row *i* is state *i*.

    Raises:
        InputError: A rate that is not within 0 ... 1000.
    """

    def __init__(self, width: int, state_rate: float, rate: float | None = None) -> None:
        self._state_rate = state_rate
        self._rate = None if rate is None else check_row_rate(rate)
        self._pending = np.zeros((0, width), dtype=np.float32)
        self._first = 0  # number of the first pending state
        self._next = 0  # number of the next row

    def push(self, states: NDArray[np.float32]) -> Rows:
        """Take the next states, shape ``(n, D)``; return the rows that lie between states already here."""
        if self._rate is None:
            return self._as_they_are(states)
        self._pending = np.concatenate([self._pending, states])
        newest = self._first + len(self._pending) - 1
        times = row_times(self._next, int(newest / self._state_rate * self._rate) + 2, self._rate)
        rows = self._rows(times[times * self._state_rate <= newest])
        self._forget(self._rate)
        return rows

    def finish(self, duration: float) -> Rows:
        """The last rows of a recording of so many seconds."""
        if self._rate is None or not len(self._pending):
            return self._rows(np.zeros(0))
        return self._rows(row_times(self._next, round(duration * self._rate), self._rate))

    def state(self) -> dict[str, NDArray[Any]]:
        """What it remembers."""
        return {"pending": self._pending.copy(), "numbers": np.array([self._first, self._next])}

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from what `state` gave."""
        self._pending = state["pending"]
        self._first, self._next = (int(number) for number in state["numbers"])

    def _as_they_are(self, states: NDArray[np.float32]) -> Rows:
        first, self._next = self._next, self._next + len(states)
        return Rows(np.arange(first, self._next) / self._state_rate, states)

    def _rows(self, times: NDArray[np.float64]) -> Rows:
        self._next += len(times)
        return Rows(times, interpolate(self._pending, times * self._state_rate, self._first))

    def _forget(self, rate: float) -> None:
        """Drop states before the next row, but never the newest, of which the last rows may be made."""
        used = int(row_times(self._next, self._next + 1, rate)[0] * self._state_rate) - self._first
        kept = max(0, min(used, len(self._pending) - 1))
        self._pending, self._first = self._pending[kept:], self._first + kept
