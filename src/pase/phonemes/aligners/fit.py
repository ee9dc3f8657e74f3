"""Does an alignment explain the sound? Forced alignment finds a place for any words; this tells the wrong ones.

Two witnesses: the acoustic model's own scores, and the loudness of the sound, which has to lie in the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.aligners.decoded import FRAME_RATE, DecodedPhone, DecodedWord

_LONG_SILENCE = 15
"""Frames; the scores of shorter silences say little."""

_SHORTEST_PHONE = 3
"""Frames: the model has three states."""

_NEARLY_SPEECH = 6.0
"""dB below the speech's median; breath and the corpus's own noise are softer."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an alignment explains the sound. Scores are means per frame of 10 ms; 0 is best.

    Attributes:
        speech: Score over all words.
        worst_word: Score over the word that fits worst.
        worst_silence: Score over the silence of at least 150 ms that fits worst; 0 if there is none.
        loud_silence: Seconds of silence nearly as loud as the words (their median less 6 dB), per second of words.
        longest: Longest phone, in seconds.
        squeezed: Most phones in a row that are as short as the model allows (30 ms).
    """

    speech: float
    worst_word: float
    worst_silence: float
    loud_silence: float
    longest: float
    squeezed: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What `Fit` an alignment needs to be believed.

    Chosen on one half of GRID s1 clips and TIMIT sentences and checked on the other, by
    ``python -m pase.benchmarks.alignment --wrong``. Right transcripts pass; other sentences, and transcripts
    that lack half of the words, do not. One wrong, missing or added word among right ones is often not seen.
    """

    speech: float = -30.0
    worst_word: float = -95.0
    worst_silence: float = -36.0
    loud_silence: float = 0.07
    longest: float = 0.45
    squeezed: int = 4

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
        if fit.longest > self.longest:
            return f"a phone would last {fit.longest:.2f} s: words are missing, or the sound is silent"
        if fit.loud_silence > self.loud_silence:
            return (
                f"for every second of words there are {fit.loud_silence:.2f} s of sound as loud outside of them (at "
                f"most {self.loud_silence:g} s may be): words are missing, or the sound is noisy"
            )
        if fit.squeezed > self.squeezed:
            return f"{fit.squeezed} phones in a row would be as short as can be: too many words for the sound"
        return ""


def fit_of(words: Sequence[DecodedWord], level: NDArray[np.float64]) -> Fit:
    """Judge the words found in a sound; at least one is spoken.

    Args:
        words: Words and silences in time.
        level: Loudness of each frame in dB, shape ``(frames,)``.
    """
    spoken = [phone for word in words if word.spoken for phone in word.phones]
    silent = [phone for word in words if not word.spoken for phone in word.phones]
    return Fit(
        speech=_mean_score(spoken),
        worst_word=min(_mean_score(word.phones) for word in words if word.spoken),
        worst_silence=min((_mean_score([phone]) for phone in silent if phone.frames >= _LONG_SILENCE), default=0.0),
        loud_silence=_loud_share(_levels(silent, level), _levels(spoken, level)),
        longest=max(phone.frames for phone in spoken) / FRAME_RATE,
        squeezed=_longest_run([phone.frames <= _SHORTEST_PHONE for phone in spoken]),
    )


def _mean_score(phones: Sequence[DecodedPhone]) -> float:
    return sum(phone.score for phone in phones) / max(1, sum(phone.frames for phone in phones))


def _levels(phones: Sequence[DecodedPhone], level: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([level[:0], *(level[phone.start : phone.stop] for phone in phones)])


def _loud_share(silence: NDArray[np.float64], speech: NDArray[np.float64]) -> float:
    """Loud frames of silence per frame of speech."""
    return float(np.count_nonzero(silence > np.median(speech) - _NEARLY_SPEECH) / len(speech))


def _longest_run(flags: Sequence[bool]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
