"""What every aligner takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pase.errors import InputError
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.words import WordInterval

AlignmentStatus = Literal["aligned", "out_of_vocabulary", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sound whose phones are wanted.

    Attributes:
        name: Unique among the utterances of a run; letters, digits, ``_ - /``.
        speaker: Who speaks; aligners that adapt to speakers go by it.
        sound: 16 kHz mono FLAC or WAV.
        words: What is said, as `pase.phonemes.words.words_of` gives it; empty where nobody knows.
        given: A file with phones or words in time that came with the sound, or None.
        given_shift: Seconds to subtract from the times in that file, whose clock may have begun before this sound's.
    """

    name: str
    speaker: str
    sound: Path
    words: tuple[str, ...] = ()
    given: Path | None = None
    given_shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """The outcome for one utterance. A failure is data with a reason, never an exception.

    Attributes:
        status: ``"aligned"``; ``"out_of_vocabulary"`` (a word has no pronunciation); ``"failed"`` (the words do not fit
            the sound, or a given file cannot be used); ``"unknown"`` (there is nothing to align by, or no phones are
            wanted).
        phones: The phones over the whole utterance, silence included; None unless aligned.
        words: The words in time; empty unless aligned.
        reason: Why it was not aligned, for people; empty if it was.
        reports: Repairs and doubts, for people.
    """

    status: AlignmentStatus
    phones: PhoneTrack | None = None
    words: tuple[WordInterval, ...] = ()
    reason: str = ""
    reports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.status == "aligned") != (self.phones is not None) or (self.status == "aligned") == bool(self.reason):
            raise InputError("an alignment has either phones, or a status other than 'aligned' and a reason")


class Aligner(Protocol):
    """Finds the phones of known words in sound. Can be pickled into worker processes."""

    @property
    def batch_size(self) -> int:
        """Utterances that one call should have at most; those of one speaker come together."""
        ...

    def settings(self) -> dict[str, Any]:
        """What its results depend on, as JSON values: versions, digests of models, limits."""
        ...

    def check(self) -> None:
        """Prove before hours of work that it can run.

        Raises:
            PaseError: It cannot; the message says what to do.
        """
        ...

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        """Align some utterances; one outcome for each, in their order."""
        ...
