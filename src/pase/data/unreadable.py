"""Clips that turn out to be unreadable while a run goes on: each is told once and left out, within a stated share."""

import warnings

from pase.data.windows import Batch
from pase.errors import InputError


class UnreadableClips:
    """Counts the unreadable clips of a split. A rank counts those that it has met.

    Args:
        split: Name of the split.
        clips: How many clips it has.
        most: Share of them that may be unreadable.

    Attributes:
        ids: Of those that were met.
    """

    def __init__(self, split: str, clips: int, most: float) -> None:
        self.ids: set[str] = set()
        self._split, self._clips, self._most = split, clips, int(most * clips)

    def tell(self, batch: Batch) -> None:
        """Tell what could not be read of a batch.

        Raises:
            InputError: More clips than may be cannot be read.
        """
        for clip, reason in batch.unreadable:
            if clip in self.ids:
                continue
            self.ids.add(clip)
            told = (
                f"{len(self.ids)} of {self._clips} {self._split} clips cannot be read, {self._most} may "
                f"(data.max_unreadable): {reason}"
            )
            if len(self.ids) > self._most:
                raise InputError(told)
            warnings.warn(f"{told} Left out.", stacklevel=2)
