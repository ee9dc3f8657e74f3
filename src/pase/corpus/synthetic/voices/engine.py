"""What every speech synthesizer gives: a sentence's sound with the exact time of each phone."""

from dataclasses import dataclass, replace
from typing import Protocol

from pase.audio.waveform import Waveform
from pase.errors import InputError
from pase.phonemes.intervals import PhoneTrack


@dataclass(frozen=True, slots=True)
class Manner:
    """Who speaks, and how.

    Attributes:
        voice: One of the engine's own voices.
        tempo: Speed of speech, 1 is the voice's own.
        pitch: Factor on the voice's own pitch. An engine whose voice has a fixed pitch leaves it as it is.
        liveliness: Factor on how far the pitch moves, with the same exception.
    """

    voice: str
    tempo: float = 1.0
    pitch: float = 1.0
    liveliness: float = 1.0

    def __post_init__(self) -> None:
        for name in ("tempo", "pitch", "liveliness"):
            if not 0.25 <= getattr(self, name) <= 4:
                raise InputError(f"{name} is {getattr(self, name)}; it must be within 0.25 ... 4")

    def varied(self, tempo: float = 1.0, pitch: float = 1.0) -> "Manner":
        """The same voice, faster and higher by these factors."""
        return replace(self, tempo=self.tempo * tempo, pitch=self.pitch * pitch)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as an engine speaks it.

    Attributes:
        waveform: Mono, float32 in -1 ... 1, shape ``(N,)``.
        sample_rate: Hz.
        phones: Phones and silences on the clock of the waveform, without gaps between the first phone and the last.
    """

    waveform: Waveform
    sample_rate: int
    phones: PhoneTrack


class Engine(Protocol):
    """A speech synthesizer. Can be pickled into worker processes."""

    @property
    def name(self) -> str:
        """As the user names it."""
        ...

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of its voices, always the same ones in the same order."""
        ...

    def missing(self) -> str | None:
        """What it lacks to work here and how to get it, for people; None if it works."""
        ...

    def speak(self, text: str, manner: Manner) -> Spoken:
        """Say a sentence; the same text and manner give the same samples.

        Raises:
            PaseError: The engine failed, or gave something else than sound and phones.
        """
        ...
