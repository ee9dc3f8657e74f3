"""Features of one recording as a function of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.errors import InputError


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
        if not self.rate > 0 or not self.duration >= 0:
            raise InputError(f"rate {self.rate} Hz and duration {self.duration} s must be positive")

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
        position = np.clip(moments * self.rate, 0, len(self.states) - 1)
        left = np.floor(position).astype(np.int64)
        right = np.minimum(left + 1, len(self.states) - 1)
        weight = (position - left).astype(np.float32)[:, None]
        rows = self.states[left] * (1 - weight) + self.states[right] * weight
        if outside == "zero":
            rows[beyond] = 0
        return rows

    def at_rate(self, rows_per_second: float) -> NDArray[np.float32]:
        """Features at the centres of consecutive rows: row *i* at ``(i + 0.5) / rows_per_second`` seconds.

        Args:
            rows_per_second: For example a video's frame rate: 25, 29.97, 30, 50.

        Returns:
            Features, float32, shape ``(round(duration * rows_per_second), D)``.
        """
        if not rows_per_second > 0:
            raise InputError(f"rows_per_second must be positive, not {rows_per_second}")
        rows = round(self.duration * rows_per_second)
        return self.at((np.arange(rows) + 0.5) / rows_per_second, outside="edge")
