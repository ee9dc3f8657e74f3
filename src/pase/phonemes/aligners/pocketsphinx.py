"""Forced alignment with PocketSphinx, which brings its own US English model and dictionary.

Two passes: the first finds the words, the second the phones in them. A clip is tried with the default beams, then once
with wider ones. Still wider beams force any text through any sound, so after that the clip is given up; and what
did come through is judged by how well the model explains the sound with it.

Each attempt has a decoder of its own (13 ms): decoders carry state from one utterance to the next, which moves
boundaries by a frame or two, and are broken after an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from pocketsphinx import Decoder

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.errors import InputError, MissingExtraError, PaseError
from pase.phonemes.aligners.base import Alignment, Utterance
from pase.phonemes.aligners.decoded import FRAME_RATE, WINDOW, DecodedPhone, DecodedWord, loudness
from pase.phonemes.aligners.fit import Limits, fit_of
from pase.phonemes.aligners.pauses import part_pauses
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import LabelledInterval, phone_of_label, phones_of_labels
from pase.phonemes.pronunciation import EspeakPronouncer, Pronouncer
from pase.phonemes.words import WordInterval

_DECODING: Mapping[str, Any] = {"silprob": 0.5, "bestpath": False}
"""Pauses between words are common; the search through the word lattice is for unknown words, and loses known ones."""

_BEAMS: tuple[Mapping[str, float], ...] = ({}, {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60})

_MORE_PRONUNCIATIONS = {"z": ("Z EH D",)}
"""What the US dictionary lacks and no other spelling tells."""

_SHORTEST, _LONGEST = 0.1, 300.0
"""Seconds of sound. Time and memory grow with the square: three minutes take one minute and 1.1 GB."""


@dataclass(frozen=True)
class PocketSphinxAligner:
    """The aligner that needs nothing else installed. Not to be shared between threads.

    Attributes:
        pronouncer: Asked for the phones of words that the dictionary lacks.
        limits: What fit an alignment needs to be believed.
    """

    pronouncer: Pronouncer = field(default_factory=EspeakPronouncer)
    limits: Limits = field(default_factory=Limits)

    @property
    def batch_size(self) -> int:
        """One: a result does not depend on other utterances."""
        return 1

    def settings(self) -> dict[str, Any]:
        """Version (which stands for model and dictionary), decoding, pronouncer and limits."""
        return {
            "aligner": "pocketsphinx",
            "version": version("pocketsphinx"),
            "decoding": [{**_DECODING, **beams} for beams in _BEAMS],
            "pronouncer": self.pronouncer.settings(),
            "limits": asdict(self.limits),
        }

    def check(self) -> None:
        """Load model and dictionary.

        Raises:
            PaseError: PocketSphinx is broken.
        """
        try:
            known = _look_up("hello")
        except RuntimeError as error:
            raise PaseError(f"PocketSphinx does not start: {error}. Reinstall pocketsphinx.") from error
        if not known:
            raise PaseError("PocketSphinx has no English dictionary. Reinstall pocketsphinx.")

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        """Align each on its own; see `Aligner.align`."""
        return [self._align(utterance) for utterance in utterances]

    def _align(self, utterance: Utterance) -> Alignment:
        if not utterance.words:
            return Alignment("unknown", reason="there is no transcript")
        try:
            waveform = load_audio(utterance.sound)
        except InputError as error:
            return Alignment("failed", reason=str(error))
        return self.align_waveform(waveform, utterance.words)

    def align_waveform(self, waveform: Waveform, words: Sequence[str]) -> Alignment:
        """Align one clip; the same clip always gives the same result.

        Args:
            waveform: 16 kHz mono float32, shape ``(N,)``.
            words: What is said, as `pase.phonemes.words.words_of` gives it; any case.

        Returns:
            Phones that cover the whole clip, silence explicit; or why there are none.

        Raises:
            InputError: The pronouncer gave something else than ARPAbet phones.
        """
        if not words:
            return Alignment("unknown", reason="there is no transcript")
        reason = _unusable(waveform)
        if reason:
            return Alignment("failed", reason=reason)
        words = [word.lower() for word in words]
        vocabulary, hint = self._vocabulary(words)
        missing = ", ".join(word for word, known in vocabulary.items() if not known)
        if missing:
            return Alignment("out_of_vocabulary", reason=f"no pronunciation is known for: {missing}{hint}")
        attempts = (_decode(_pcm(waveform), words, vocabulary, beams) for beams in _BEAMS)
        found = next((attempt for attempt in attempts if attempt), ())
        if not found:
            return Alignment("failed", reason="no path through the sound was found for these words")
        level = loudness(waveform)
        found = part_pauses(found, level)
        reason = self.limits.broken_by(fit_of(found, level))
        if reason:
            return Alignment("failed", reason=reason)
        return _alignment(found, len(waveform) / SAMPLE_RATE, _reports(words))

    def _vocabulary(self, words: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], str]:
        """All pronunciations of each word, each as phones parted by blanks, none if unknown; and what would help."""
        vocabulary: dict[str, tuple[str, ...]] = {}
        hint = ""
        for word in dict.fromkeys(words):
            try:
                vocabulary[word] = _look_up(word) or self._pronounced(word)
            except MissingExtraError as error:
                vocabulary[word], hint = (), f". {error}"
        return vocabulary, hint

    def _pronounced(self, word: str) -> tuple[str, ...]:
        phones = [phone_of_label(phone) for phone in self.pronouncer.phones_of(word) or ()]
        if SILENCE in phones or None in phones:
            raise InputError(f"the pronunciation given for {word!r} holds silence or noise")
        return (" ".join(str(phone) for phone in phones),) if phones else ()


@cache
def _dictionary() -> Any:
    return Decoder(lm=None, loglevel="FATAL")


def _look_up(word: str) -> tuple[str, ...]:
    """Pronunciations in PocketSphinx's dictionary; apostrophes at a word's edges may be quotation marks."""
    return _entries(word) or _entries(word.strip("'"))


def _entries(word: str) -> tuple[str, ...]:
    """Entries of the dictionary, which calls them ``word``, ``word(2)``, ``word(3)`` ..."""
    known: list[str] = []
    if word[:1].isalnum() or word[:1] == "'":  # its other entries are silences and noises
        name = word
        while (phones := _dictionary().lookup_word(name)) is not None:
            known.append(phones)
            name = f"{word}({len(known) + 1})"
    return (*known, *_MORE_PRONUNCIATIONS.get(word, ()))


def _reports(words: Sequence[str]) -> tuple[str, ...]:
    guessed = [word for word in dict.fromkeys(words) if not _look_up(word)]
    return (f"pronounced by rule, not by the dictionary: {', '.join(guessed)}",) if guessed else ()


def _unusable(waveform: Waveform) -> str:
    """Why a sound cannot be aligned with anything; empty if it can."""
    duration = len(waveform) / SAMPLE_RATE
    if duration < _SHORTEST or not np.isfinite(waveform).all():
        return f"{duration:.3f} s of sound, or samples that are no numbers"
    if duration > _LONGEST:
        return f"{duration:.0f} s of sound are too long to be aligned at once (at most {_LONGEST:g} s): cut it up"
    return ""


def _pcm(waveform: Waveform) -> bytes:
    return (np.clip(waveform, -1, 1) * 32767).round().astype("<i2").tobytes()


def _decode(
    pcm: bytes, words: Sequence[str], vocabulary: Mapping[str, Sequence[str]], beams: Mapping[str, float]
) -> tuple[DecodedWord, ...]:
    """Both passes; empty where PocketSphinx finds no path that has all words in order."""
    decoder = Decoder(lm=None, dict=None, loglevel="FATAL", **_DECODING, **beams)
    for word, known in vocabulary.items():
        for number, phones in enumerate(known, start=1):
            decoder.add_word(word if number == 1 else f"{word}({number})", phones, False)
    try:
        decoder.set_align_text(" ".join(words))
        _run(decoder, pcm)
        if decoder.hyp() is None:
            return ()
        decoder.set_alignment()
        _run(decoder, pcm)
        found = tuple(
            DecodedWord(
                entry.name.partition("(")[0], tuple(DecodedPhone(p.name, p.start, p.duration, p.score) for p in entry)
            )
            for entry in decoder.get_alignment()
        )
    except RuntimeError:  # its way of saying that the second pass found no path
        return ()
    return found if [word.name for word in found if word.spoken] == list(words) else ()


def _run(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _alignment(words: Sequence[DecodedWord], duration: float, reports: tuple[str, ...]) -> Alignment:
    """Frames to seconds; the first phone begins with the clip and the last reaches its end."""
    phones = [phone for word in words for phone in word.phones]
    starts = [0.0, *(_boundary(phone.start) for phone in phones[1:])]
    ends = [*starts[1:], duration]
    labels = [LabelledInterval(phone.label, start, end) for phone, start, end in zip(phones, starts, ends, strict=True)]
    intervals: list[WordInterval] = []
    first = 0
    for word in words:
        last = first + len(word.phones) - 1
        if word.spoken:
            intervals.append(WordInterval(word.name, starts[first], ends[last]))
        first = last + 1
    return Alignment("aligned", PhoneTrack(phones_of_labels(labels)), tuple(intervals), reports=reports)


def _boundary(frame: int) -> float:
    """Seconds of the boundary before a frame: half way between the middles of its window and of the one before."""
    return round(frame / FRAME_RATE + (WINDOW / SAMPLE_RATE - 1 / FRAME_RATE) / 2, 4)
