"""Features of one recording as a function of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.errors import InputError

_FASTEST = 1000
"""Rows per second; there are far fewer states."""


@dataclass(frozen=True, slots=True)
class FeatureTrack:
    """Encoder states at a fixed rate, sampled at any time.

    Attributes:
        states: Features, float32, shape ``(N, D)``; state *k* belongs to the time ``k / rate`` seconds.
        rate: States per second (Hz).
        duration: Length of the audio in seconds.
        model_id: Identity of the checkpoint that made the features.
    """

    states: NDArray[np.float32]
    rate: float
    duration: float
    model_id: str = ""

    def __post_init__(self) -> None:
        if self.states.ndim != 2 or self.states.dtype != np.float32:
            raise InputError(f"states must be float32 of shape (N, D), not {self.states.dtype} {self.states.shape}")
        if not 0 < self.rate < np.inf or not 0 <= self.duration < np.inf:
            raise InputError(f"rate {self.rate} Hz and duration {self.duration} s must be positive and finite")

    @property
    def width(self) -> int:
        """Feature width D."""
        return int(self.states.shape[1])

    def at(self, times: ArrayLike, outside: str = "zero") -> NDArray[np.float32]:
        """Features at the given times, by linear interpolation between states.

        Args:
            times: Seconds, shape ``(M,)``.
            outside: For times before 0 or at and after `duration`: ``"zero"`` (what renderers pad with, and where
                silence lies), ``"edge"`` (nearest state) or ``"raise"``.

        Returns:
            Features, float32, shape ``(M, D)``.

        Raises:
            InputError: Times that are not finite, an unknown `outside`, or times outside with ``outside="raise"``.
        """
        moments = np.asarray(times, dtype=np.float64)
        if moments.ndim != 1 or not np.isfinite(moments).all():
            raise InputError(f"times must be a finite vector of seconds, not shape {moments.shape}")
        if outside not in ("zero", "edge", "raise"):
            raise InputError(f"outside must be 'zero', 'edge' or 'raise', not {outside!r}")
        if len(self.states) == 0:
            return np.zeros((len(moments), self.width), dtype=np.float32)
        beyond = (moments < 0) | (moments >= self.duration)
        if outside == "raise" and beyond.any():
            raise InputError(
                f"{int(beyond.sum())} of {len(moments)} times lie outside the track's 0 ... {self.duration:.3f} s, "
                f"the first at {moments[beyond][0]:.3f} s"
            )
        rows = interpolate(self.states, moments * self.rate)
        if outside == "zero":
            rows[beyond] = 0
        return rows

    def at_rate(self, rows_per_second: float) -> NDArray[np.float32]:
        """Features at the centres of consecutive rows: row *i* at ``(i + 0.5) / rows_per_second`` seconds.

        Args:
            rows_per_second: For example a video's frame rate: 25, 29.97, 30, 50.

        Returns:
            Features, float32, shape ``(round(duration * rows_per_second), D)``.

        Raises:
            InputError: A rate that is not within 0 ... 1000.
        """
        rows = round(self.duration * check_row_rate(rows_per_second))
        return self.at(row_times(0, rows, rows_per_second), outside="edge")


def check_row_rate(rate: float) -> float:
    """Rows per second that can be had.

    Raises:
        InputError: It is not more than 0 and at most 1000.
    """
    if not 0 < rate <= _FASTEST:
        raise InputError(f"rate is {rate} rows per second, expected more than 0 and at most {_FASTEST}")
    return rate


def row_times(first: int, stop: int, rate: float) -> NDArray[np.float64]:
    """Middles of the rows `first` to `stop`, ``(i + 0.5) / rate`` s."""
    return (np.arange(first, stop, dtype=np.float64) + 0.5) / rate


def interpolate(states: NDArray[np.float32], position: NDArray[np.float64], first: int = 0) -> NDArray[np.float32]:
    """Features at fractional numbers of states; beyond the last state and before the first, the nearest.

    Args:
        states: Shape ``(N, D)``.
        position: Shape ``(M,)``.
        first: Number of the first of the states.

    Returns:
        Shape ``(M, D)``.
    """
    position = np.clip(position, first, first + len(states) - 1)
    left = np.floor(position).astype(np.int64)
    right = np.minimum(left + 1, first + len(states) - 1)
    weight = (position - left).astype(np.float32)[:, None]
    rows: NDArray[np.float32] = states[left - first] * (1 - weight) + states[right - first] * weight
    return rows
