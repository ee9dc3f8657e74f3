"""Phones in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN


@dataclass(frozen=True, slots=True)
class PhoneInterval:
    """One phone from `start` to `end`, in seconds from the clip's beginning."""

    phone: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if self.phone not in PHONE_INDEX:
            raise InputError(f"{self.phone!r} is not one of the {len(PHONE_INDEX)} phones of pase.phonemes.inventory")
        if not 0 <= self.start < self.end:
            raise InputError(f"phone {self.phone} from {self.start} s to {self.end} s: needs 0 <= start < end")

    @property
    def middle(self) -> float:
        """Time of the middle, in seconds."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class PhoneTrack:
    """The phones of one clip: ordered, without overlap. Times between intervals are unknown, not silent."""

    intervals: tuple[PhoneInterval, ...]

    def __post_init__(self) -> None:
        for before, after in zip(self.intervals, self.intervals[1:], strict=False):
            if after.start < before.end - 1e-6:
                raise InputError(
                    f"phones overlap: {before.phone} ends at {before.end:.3f} s, "
                    f"{after.phone} starts at {after.start:.3f} s"
                )

    def labels_at(self, times: NDArray[np.float64] | Sequence[float]) -> NDArray[np.int64]:
        """Class number of the phone at each time.

        Args:
            times: Seconds, any order, shape ``(N,)``.

        Returns:
            Class numbers, shape ``(N,)``; `UNKNOWN` where no interval covers the time.
        """
        moments = np.asarray(times, dtype=np.float64)
        labels = np.full(moments.shape, UNKNOWN, dtype=np.int64)
        if not self.intervals:
            return labels
        starts = np.array([interval.start for interval in self.intervals])
        ends = np.array([interval.end for interval in self.intervals])
        classes = np.array([PHONE_INDEX[interval.phone] for interval in self.intervals])
        index = np.searchsorted(starts, moments, side="right") - 1
        inside = (index >= 0) & (moments < ends[np.maximum(index, 0)])
        labels[inside] = classes[index[inside]]
        return labels

    def between(self, start: float, end: float) -> "PhoneTrack":
        """The phones from `start` to `end` in seconds, on the clock of a clip that begins at `start`."""
        cut = (
            PhoneInterval(i.phone, max(i.start, start) - start, min(i.end, end) - start)
            for i in self.intervals
            if min(i.end, end) - max(i.start, start) > 1e-4
        )
        return PhoneTrack(tuple(cut))

    def to_json(self) -> list[list[Any]]:
        """``[[phone, start, end], ...]`` with times rounded to 0.1 ms."""
        return [[i.phone, round(i.start, 4), round(i.end, 4)] for i in self.intervals]

    @classmethod
    def from_json(cls, value: Sequence[Sequence[Any]]) -> "PhoneTrack":
        """Inverse of `to_json`.

        Raises:
            InputError: Malformed, unknown phone, or overlap.
        """
        try:
            return cls(tuple(PhoneInterval(str(phone), float(start), float(end)) for phone, start, end in value))
        except (TypeError, ValueError) as error:
            raise InputError(f"not a list of [phone, start, end]: {error}") from error
