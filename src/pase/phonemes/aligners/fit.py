"""Does an alignment explain the sound? Forced alignment finds a place for any words; this tells the wrong ones.

Two witnesses: the acoustic model's own scores, and the energy of the sound, which has to lie in the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform

FRAME_RATE = 100
"""PocketSphinx frames per second."""

WINDOW = 410
"""Samples that one frame sees; frame *i* begins at sample ``i * 160``."""

_LONG_SILENCE = 15
"""Frames; the scores of shorter silences say little."""

_SHORTEST_PHONE = 3
"""Frames: the model has three states."""


@dataclass(frozen=True, slots=True)
class DecodedPhone:
    """A phone as PocketSphinx gives it: times in frames, its acoustic score summed over them (0 is best)."""

    label: str
    start: int
    frames: int
    score: int


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word, or a silence (whose name is in angle brackets), with its phones."""

    name: str
    phones: tuple[DecodedPhone, ...]

    @property
    def spoken(self) -> bool:
        """Whether it is a word."""
        return not self.name.startswith(("<", "["))


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an alignment explains the sound. Scores are means per frame of 10 ms; 0 is best.

    Attributes:
        speech: Score over all words.
        worst_word: Score over the word that fits worst.
        worst_silence: Score over the silence of at least 150 ms that fits worst; 0 if there is none.
        energy_in_silence: Share of the sound's energy that lies in silences, 0 ... 1.
        longest: Longest phone, in seconds.
        squeezed: Most phones in a row that are as short as the model allows (30 ms).
    """

    speech: float
    worst_word: float
    worst_silence: float
    energy_in_silence: float
    longest: float
    squeezed: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What `Fit` an alignment needs to be believed.

    Chosen on one half of GRID s1 clips and TIMIT sentences and checked on the other. Right transcripts pass; other
    sentences, and transcripts that lack half of the words, do not. One wrong, missing or added word among right ones
    is often not seen.
    """

    speech: float = -32.0
    worst_word: float = -85.0
    worst_silence: float = -28.0
    energy_in_silence: float = 0.12
    longest: float = 0.6
    squeezed: int = 3

    def broken_by(self, fit: Fit) -> str:
        """What is wrong, for people; empty if nothing is."""
        if fit.speech < self.speech:
            return f"the words do not fit the sound (score {fit.speech:.1f}, needed {self.speech:g} or better)"
        if fit.worst_word < self.worst_word:
            return f"one word does not fit the sound (score {fit.worst_word:.1f}, needed {self.worst_word:g} or better)"
        if fit.worst_silence < self.worst_silence:
            return (
                "there is speech or noise between the words of the transcript "
                f"(score as silence {fit.worst_silence:.1f}, needed {self.worst_silence:g} or better)"
            )
        if fit.energy_in_silence > self.energy_in_silence:
            return (
                f"{fit.energy_in_silence:.0%} of the sound's energy lies outside the words of the transcript "
                f"(at most {self.energy_in_silence:.0%} may): words are missing, or the sound is noisy"
            )
        if fit.longest > self.longest:
            return f"a phone would last {fit.longest:.2f} s: words are missing, or the sound is silent"
        if fit.squeezed > self.squeezed:
            return f"{fit.squeezed} phones in a row would be as short as can be: too many words for the sound"
        return ""


def fit_of(words: Sequence[DecodedWord], waveform: Waveform) -> Fit:
    """Judge the words found in a waveform of shape ``(N,)``; at least one is spoken."""
    spoken = [phone for word in words if word.spoken for phone in word.phones]
    silent = [phone for word in words if not word.spoken for phone in word.phones]
    return Fit(
        speech=_mean_score(spoken),
        worst_word=min(_mean_score(word.phones) for word in words if word.spoken),
        worst_silence=min((_mean_score([phone]) for phone in silent if phone.frames >= _LONG_SILENCE), default=0.0),
        energy_in_silence=_energy_share(silent, waveform),
        longest=max(phone.frames for phone in spoken) / FRAME_RATE,
        squeezed=_longest_run([phone.frames <= _SHORTEST_PHONE for phone in spoken]),
    )


def _mean_score(phones: Sequence[DecodedPhone]) -> float:
    return sum(phone.score for phone in phones) / max(1, sum(phone.frames for phone in phones))


def _energy_share(phones: Sequence[DecodedPhone], waveform: Waveform) -> float:
    """Share of the waveform's energy that lies in `phones`."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    shift = (WINDOW - SAMPLE_RATE // FRAME_RATE) // 2  # from a window's start to what it alone is about
    bounds = [(phone.start, phone.start + phone.frames) for phone in phones]
    samples = np.array(bounds, dtype=np.int64).reshape(-1, 2) * (SAMPLE_RATE // FRAME_RATE) + shift
    inside = np.diff(energy[np.minimum(samples, len(waveform))], axis=1).sum()
    return float(inside / energy[-1]) if energy[-1] > 0 else 0.0


def _longest_run(flags: Sequence[bool]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
