"""What every aligner takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pase.audio.waveform import Waveform
from pase.errors import InputError
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.words import WordInterval

AlignmentStatus = Literal["aligned", "out_of_vocabulary", "failed"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """The outcome for one clip. A failure is data with a reason, never an exception.

    Attributes:
        status: ``"aligned"``, ``"out_of_vocabulary"`` (a word has no pronunciation) or ``"failed"``.
        phones: The phones over the whole clip, silence included; None unless aligned.
        words: The words in time; empty unless aligned.
        reason: Why it was not aligned, for people; empty if it was.
    """

    status: AlignmentStatus
    phones: PhoneTrack | None = None
    words: tuple[WordInterval, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.status == "aligned") != (self.phones is not None) or (self.status == "aligned") == bool(self.reason):
            raise InputError("an alignment has either phones, or a status other than 'aligned' and a reason")


class Aligner(Protocol):
    """Finds the phones of known words in sound."""

    def align(self, waveform: Waveform, words: Sequence[str]) -> Alignment:
        """Align one clip.

        Args:
            waveform: 16 kHz mono float32, shape ``(N,)``.
            words: What is said, as `pase.phonemes.words.words_of` gives it.

        Returns:
            The alignment, or why there is none.
        """
        ...
