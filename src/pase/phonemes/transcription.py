"""What is said in clips that came without words: speech recognition with Whisper, through faster-whisper.

A recogniser writes something for any sound. A doubtful text is worse than none, since it would be aligned, so it has to
pass `TranscriptLimits`; otherwise the text is empty and the reason is told. Even so it is a guess, and the judgement of
the aligner, how well words fit the sound, is the second witness.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.errors import InputError
from pase.extras import require
from pase.phonemes.words import words_of

MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a model folder holds at least, beside the vocabulary; without the tokenizer faster-whisper would download it."""

_ROMAN = re.compile("\u0120?(?:II|III|IV|VI|VII|VIII|IX)")
"""Roman numbers, with the mark of a blank before them; the model turns to these where it may not write digits."""

_WINDOW = 30
"""Seconds that Whisper hears at a time."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    Attributes:
        text: The words, numbers spelled out; empty where nothing was said or the text is in doubt.
        language: ISO 639-1 code, as the model heard it.
        confidence: Geometric mean of the probabilities of the text's tokens, 0 ... 1; 0 where nothing was heard.
        reason: Why there is no text, for people; empty where there is one.
    """

    text: str
    language: str
    confidence: float
    reason: str = ""


class Segment(Protocol):
    """A part of a text, as faster-whisper gives it."""

    @property
    def text(self) -> str:
        """The words, with punctuation."""
        ...

    @property
    def avg_logprob(self) -> float:
        """Mean log probability of its tokens."""
        ...

    @property
    def no_speech_prob(self) -> float:
        """Probability that it is no speech."""
        ...

    @property
    def compression_ratio(self) -> float:
        """By how much gzip shortens its text."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model makes of one sound."""

    segments: Sequence[Segment]
    language: str
    language_probability: float


SpeechModel = Callable[[Waveform], Heard]
"""From sound of shape ``(N,)`` at 16 kHz to what is heard."""


@dataclass(frozen=True, slots=True)
class TranscriptLimits:
    """What a text needs to be believed.

    Attributes:
        log_probability: Least mean log probability of the tokens of each segment. The right texts of undamaged TIMIT
            sentences have -0.5 and better with the smallest model, speech played backwards or in another language
            -0.8 and worse.
        no_speech: Greatest probability that a segment is no speech.
        compression: Greatest compression ratio of a segment: text that repeats itself was made up.
        language: Least probability of the language.
        words_per_second: Most words in each second of sound.
    """

    log_probability: float = -0.7
    no_speech: float = 0.5
    compression: float = 2.2
    language: float = 0.5
    words_per_second: float = 6.0

    def broken_by(self, heard: Heard, words: Sequence[str], seconds: float) -> str:
        """What is wrong, for people; empty if nothing is."""
        if not words:
            return "no speech was found"
        if heard.language_probability < self.language:
            return f"the language is not clear ({heard.language}, probability {heard.language_probability:.2f})"
        least = min(segment.avg_logprob for segment in heard.segments)
        if least < self.log_probability:
            return f"the words are in doubt (log probability {least:.2f}, needed {self.log_probability:g} or better)"
        silent = max(segment.no_speech_prob for segment in heard.segments)
        if silent > self.no_speech:
            return f"it may be no speech (probability {silent:.2f}, at most {self.no_speech:g} may be)"
        if max(segment.compression_ratio for segment in heard.segments) > self.compression:
            return "the text repeats itself"
        if len(words) > self.words_per_second * seconds:
            return f"{len(words)} words in {seconds:.1f} s are more than can be said"
        return ""


def load_whisper(folder: Path) -> SpeechModel:
    """Load a Whisper model on one thread of the CPU; once in each process.

    Raises:
        InputError: No such folder, or no model in it.
        MissingExtraError: faster-whisper is not installed.
    """
    missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} lacks {', '.join(missing)}; expected is the folder of a Whisper model in the form of "
            "faster-whisper (CTranslate2)"
        )
    return _load(folder)


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Writes down what is said. Can be pickled into worker processes.

    Attributes:
        model_folder: A Whisper model in the form of faster-whisper (CTranslate2). Nothing is ever downloaded.
        language: The language that is spoken, ISO 639-1; clips in which another is heard get no text.
        limits: What a text needs to be believed.
        load: From the folder to the model.
    """

    model_folder: Path
    language: str = "en"
    limits: TranscriptLimits = TranscriptLimits()
    load: Callable[[Path], SpeechModel] = load_whisper

    def check(self) -> None:
        """Prove that the model can be loaded; see `load_whisper` for what is raised."""
        self.load(self.model_folder)

    def settings(self) -> dict[str, Any]:
        """What its results depend on: the model's digest, the version of faster-whisper, language and limits."""
        return {
            "transcriber": "faster-whisper",
            "version": version("faster-whisper"),
            "model": _digest(self.model_folder / "model.bin"),
            "language": self.language,
            "limits": asdict(self.limits),
        }

    def transcribe(self, sound: Path) -> Transcript:
        """Write down what is said in a sound file; the same file always gives the same text.

        Raises:
            InputError: It cannot be decoded.
        """
        waveform = load_audio(sound)
        heard = self.load(self.model_folder)(waveform)
        words = words_of(" ".join(segment.text for segment in heard.segments))
        reason = self.limits.broken_by(heard, words, len(waveform) / SAMPLE_RATE)
        if not reason and heard.language != self.language:
            reason = f"the language heard is {heard.language!r}, not {self.language!r}"
        return Transcript("" if reason else " ".join(words), heard.language, _confidence(heard.segments), reason)


def _confidence(segments: Sequence[Segment]) -> float:
    """From log probabilities, each weighted by the length of its text."""
    weight = sum(len(segment.text) for segment in segments)
    total = sum(len(segment.text) * segment.avg_logprob for segment in segments)
    return math.exp(min(0.0, total / weight)) if weight else 0.0


@cache
def _load(folder: Path) -> SpeechModel:
    whisper = require("faster_whisper")
    try:
        model = whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"the model in {folder} cannot be loaded: {error}") from error
    numerals = _numerals(model.hf_tokenizer.get_vocab().items())

    def hear(waveform: Waveform) -> Heard:
        if len(waveform) == 0:
            return Heard((), "", 0.0)
        segments, info = model.transcribe(
            waveform,
            beam_size=5,
            temperature=0.0,  # higher ones draw at random
            condition_on_previous_text=False,
            vad_filter=True,
            suppress_tokens=[-1, *numerals],
            without_timestamps=len(waveform) <= _WINDOW * SAMPLE_RATE,  # a time too early ends the text too early
            log_prob_threshold=None,
            no_speech_threshold=None,
            compression_ratio_threshold=None,
        )
        return Heard(tuple(segments), info.language, info.language_probability)

    return hear


def _numerals(vocabulary: Iterable[tuple[str, int]]) -> list[int]:
    """Tokens that are numbers in digits: these are to be written as they are spoken."""
    return sorted(
        number
        for token, number in vocabulary
        if not token.startswith("<|") and (any(map(str.isdecimal, token)) or _ROMAN.fullmatch(token))
    )


@cache
def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
