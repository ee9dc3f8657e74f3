"""Forced alignment with PocketSphinx, which brings its own US English model and dictionary.

Two passes: the first finds the words, the second the phones in them. A clip is tried with the default beams, then once
with wider ones. Still wider beams force any text through any sound, so after that the clip is given up; and what
did come through is judged by how well the model explains the sound with it.

Each attempt has a decoder of its own (13 ms): decoders carry state from one utterance to the next, which moves
boundaries by a frame or two, and are broken after an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pocketsphinx import Decoder

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import LabelledInterval, phone_of_label, phones_of_labels
from pase.phonemes.words import WordInterval

Pronounce = Callable[[str], Sequence[str] | None]
"""From a word to its ARPAbet phones, or None."""

FRAME_RATE = 100
"""PocketSphinx frames per second."""

_BEAMS: tuple[Mapping[str, Any], ...] = ({}, {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60, "bestpath": False})

_MORE_PRONUNCIATIONS = {"z": ("Z EH D",)}
"""What the US dictionary lacks and no other spelling tells."""

_WINDOW = 410 / SAMPLE_RATE
"""Seconds of sound that one frame sees; frame *i* begins at ``i / FRAME_RATE``."""

_LONG_SILENCE = 15
"""Frames; shorter silences are judged by nothing."""

_SHORTEST = 0.1
"""Seconds of sound below which there is nothing to align."""


@dataclass(frozen=True, slots=True)
class _Phone:
    """A phone as PocketSphinx gives it: times in frames, its acoustic score summed over them (0 is best)."""

    label: str
    start: int
    frames: int
    score: int


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, or a silence (whose name is in angle brackets), with its phones."""

    name: str
    phones: tuple[_Phone, ...]

    @property
    def spoken(self) -> bool:
        return not self.name.startswith(("<", "["))


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an alignment explains the sound: mean acoustic scores per frame of 10 ms; 0 is best.

    Attributes:
        speech: Over all words.
        worst_word: Over the word that fits worst.
        worst_silence: Over the silence of at least 150 ms that fits worst; 0 if there is none.
        longest: Longest phone, in seconds.
    """

    speech: float
    worst_word: float
    worst_silence: float
    longest: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What `Fit` an alignment needs to be believed.

    Chosen on one half of GRID s1 clips and TIMIT sentences, checked on the other half: right transcripts pass, other
    sentences and halves of the right one (words missing) do not. One wrong word among right ones is mostly not seen.
    """

    speech: float = -32.0
    worst_word: float = -85.0
    worst_silence: float = -28.0
    longest: float = 0.6

    def broken_by(self, fit: Fit) -> str:
        """What is wrong, for people; empty if nothing is."""
        if fit.speech < self.speech:
            return f"the words do not fit the sound (score {fit.speech:.0f}, needed {self.speech:.0f} or better)"
        if fit.worst_word < self.worst_word:
            return (
                f"one word does not fit the sound (score {fit.worst_word:.0f}, needed {self.worst_word:.0f} or better)"
            )
        if fit.worst_silence < self.worst_silence:
            return (
                "there is speech or noise between the words of the transcript "
                f"(score as silence {fit.worst_silence:.0f}, needed {self.worst_silence:.0f} or better)"
            )
        if fit.longest > self.longest:
            return (
                f"a phone would last {fit.longest:.2f} s: words are missing from the transcript, or the sound is silent"
            )
        return ""


class PocketSphinxAligner:
    """The aligner that needs nothing else installed. Cheap to make in each process; not to be shared between threads.

    Args:
        pronounce: Asked for the phones of words that the dictionary lacks.
        limits: What fit an alignment needs to be believed.
    """

    def __init__(self, pronounce: Pronounce | None = None, limits: Limits | None = None) -> None:
        self._pronounce = pronounce
        self._limits = limits or Limits()
        self._dictionary = Decoder(lm=None, loglevel="FATAL")

    def align(self, waveform: Waveform, words: Sequence[str]) -> Alignment:
        """Align one clip; the same clip always gives the same result.

        Args:
            waveform: 16 kHz mono float32, shape ``(N,)``.
            words: What is said, as `pase.phonemes.words.words_of` gives it.

        Returns:
            Phones that cover the whole clip, silence explicit; or why there are none.

        Raises:
            InputError: `pronounce` gave something else than ARPAbet phones.
        """
        duration = len(waveform) / SAMPLE_RATE
        if not words:
            return Alignment("failed", reason="the transcript has no words")
        if duration < _SHORTEST or not np.isfinite(waveform).all():
            return Alignment("failed", reason=f"{duration:.3f} s of sound, or samples that are no numbers")
        pronunciations = {word: self._pronunciations(word) for word in words}
        missing = [word for word, known in pronunciations.items() if not known]
        if missing:
            listed = ", ".join(missing)
            return Alignment("out_of_vocabulary", reason=f"no pronunciation is known for: {listed}")
        pcm = (np.clip(waveform, -1, 1) * 32767).round().astype("<i2").tobytes()
        reason = ""
        for beams in _BEAMS:
            found = _decode(pcm, words, pronunciations, beams)
            if found:
                reason = self._limits.broken_by(_fit(found))
                return Alignment("failed", reason=reason) if reason else _alignment(found, duration)
        return Alignment("failed", reason="no path through the sound was found for these words")

    def _pronunciations(self, word: str) -> tuple[str, ...]:
        """All pronunciations of a word, each as phones parted by blanks; none if the word is unknown."""
        known = self._look_up(word) or self._look_up(word.strip("'"))
        if not known and self._pronounce is not None:
            given = [phone_of_label(phone) for phone in self._pronounce(word) or ()]
            if SILENCE in given or None in given:
                raise InputError(f"the pronunciation given for {word!r} holds silence or noise")
            known = [" ".join(str(phone) for phone in given)] if given else []
        return tuple(known)

    def _look_up(self, word: str) -> list[str]:
        """Pronunciations in PocketSphinx's dictionary, which calls them ``word``, ``word(2)``, ``word(3)`` ..."""
        known: list[str] = []
        if word[:1].isalnum() or word[:1] == "'":  # its other entries are silences and noises
            name = word
            while (phones := self._dictionary.lookup_word(name)) is not None:
                known.append(phones)
                name = f"{word}({len(known) + 1})"
        return [*known, *_MORE_PRONUNCIATIONS.get(word, ())]


def _decode(
    pcm: bytes, words: Sequence[str], pronunciations: Mapping[str, Sequence[str]], beams: Mapping[str, Any]
) -> tuple[_Word, ...]:
    """Both passes; empty where PocketSphinx finds no path that has all words in order."""
    decoder = Decoder(lm=None, dict=None, loglevel="FATAL", **beams)
    for word, known in pronunciations.items():
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
            _Word(entry.name.partition("(")[0], tuple(_Phone(p.name, p.start, p.duration, p.score) for p in entry))
            for entry in decoder.get_alignment()
        )
    except RuntimeError:  # its way of saying that the second pass found no path
        return ()
    return found if [word.name for word in found if word.spoken] == list(words) else ()


def _run(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _fit(words: Sequence[_Word]) -> Fit:
    spoken = [phone for word in words if word.spoken for phone in word.phones]
    silent = [phone for word in words if not word.spoken for phone in word.phones]
    return Fit(
        speech=_mean_score(spoken),
        worst_word=min(_mean_score(word.phones) for word in words if word.spoken),
        worst_silence=min((_mean_score([phone]) for phone in silent if phone.frames >= _LONG_SILENCE), default=0.0),
        longest=max(phone.frames for phone in spoken) / FRAME_RATE,
    )


def _mean_score(phones: Sequence[_Phone]) -> float:
    """Mean acoustic score per frame."""
    return sum(phone.score for phone in phones) / max(1, sum(phone.frames for phone in phones))


def _alignment(words: Sequence[_Word], duration: float) -> Alignment:
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
    return Alignment("aligned", PhoneTrack(phones_of_labels(labels)), tuple(intervals))


def _boundary(frame: int) -> float:
    """Seconds of the boundary before a frame: half way between the middles of its window and of the one before."""
    return round(frame / FRAME_RATE + (_WINDOW - 1 / FRAME_RATE) / 2, 4)
