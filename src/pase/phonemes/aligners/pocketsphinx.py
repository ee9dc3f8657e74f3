"""Forced alignment with PocketSphinx, which brings its own US English model and dictionary.

Two passes: the first finds the words, the second the phones in them. A clip is tried with the default beams, then once
with wider ones. Still wider beams force any text through any sound, so after that the clip is given up; and what
did come through is judged by how well the model explains the sound with it.

Each attempt has a decoder of its own (13 ms): decoders carry state from one utterance to the next, which moves
boundaries by a frame or two, and are broken after an error.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pocketsphinx import Decoder

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.aligners.fit import FRAME_RATE, WINDOW, DecodedPhone, DecodedWord, Limits, fit_of
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import LabelledInterval, phone_of_label, phones_of_labels
from pase.phonemes.words import WordInterval

Pronounce = Callable[[str], Sequence[str] | None]
"""From a word to its ARPAbet phones, or None."""

_BEAMS: tuple[Mapping[str, Any], ...] = ({}, {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60, "bestpath": False})

_MORE_PRONUNCIATIONS = {"z": ("Z EH D",)}
"""What the US dictionary lacks and no other spelling tells."""

_SHORTEST = 0.1
"""Seconds of sound below which there is nothing to align."""


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
            words: What is said, as `pase.phonemes.words.words_of` gives it; any case.

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
        words = [word.lower() for word in words]
        pronunciations = {word: self._pronunciations(word) for word in words}
        missing = [word for word, known in pronunciations.items() if not known]
        if missing:
            listed = ", ".join(missing)
            return Alignment("out_of_vocabulary", reason=f"no pronunciation is known for: {listed}")
        pcm = (np.clip(waveform, -1, 1) * 32767).round().astype("<i2").tobytes()
        attempts = (_decode(pcm, words, pronunciations, beams) for beams in _BEAMS)
        found = next((attempt for attempt in attempts if attempt), ())
        if not found:
            return Alignment("failed", reason="no path through the sound was found for these words")
        reason = self._limits.broken_by(fit_of(found, waveform))
        return Alignment("failed", reason=reason) if reason else _alignment(found, duration)

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
) -> tuple[DecodedWord, ...]:
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


def _alignment(words: Sequence[DecodedWord], duration: float) -> Alignment:
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
    return round(frame / FRAME_RATE + (WINDOW / SAMPLE_RATE - 1 / FRAME_RATE) / 2, 4)
