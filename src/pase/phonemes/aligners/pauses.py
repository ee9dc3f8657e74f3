"""Pauses that were taken for a part of a word.

The silence before a stop sounds like its closure: PocketSphinx stretches the /p/ of "place" over half a second of
silence before it, and final stops and fricatives over the silence after them. The sound's loudness tells where the
phone really begins or ends.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.aligners.decoded import SILENCE_WORD, DecodedPhone, DecodedWord

_LONG = 15
"""Frames; shorter phones are left alone."""

_CLOSURE = 5
"""Frames of quiet that stay with the phone: a stop's closure, a fricative's soft edge."""

_SHORTEST_PAUSE = 6
"""Frames."""

_SHORTEST_PHONE = 3
"""Frames: the model has three states."""

_STEP = 6.0
"""dB by which the phone has to be louder than the pause."""


def part_pauses(words: Sequence[DecodedWord], level: NDArray[np.float64]) -> tuple[DecodedWord, ...]:
    """Make silences of the quiet beginnings of long first phones, and of the quiet ends of long last ones.

    Args:
        words: Words and silences in time.
        level: Loudness of each frame in dB, shape ``(frames,)``.
    """
    return tuple(part for word in words for part in (_parts(word, level) if word.spoken else [word]))


def _parts(word: DecodedWord, level: NDArray[np.float64]) -> Iterator[DecodedWord]:
    first, *others = word.phones
    before = _pause(level[first.start : first.stop])
    if before:
        pause, first = _cut(first, before)
        yield DecodedWord(SILENCE_WORD, (_silence(pause),))
    *others, last = [first, *others]
    after = _pause(level[last.start : last.stop][::-1])
    if not after:
        yield DecodedWord(word.name, (*others, last))
        return
    last, pause = _cut(last, last.frames - after)
    yield DecodedWord(word.name, (*others, last))
    yield DecodedWord(SILENCE_WORD, (_silence(pause),))


def _pause(level: NDArray[np.float64]) -> int:
    """Frames of pause before a phone of this loudness begins; 0 if there is none.

    The two levels that fit best in least squares are the pause's and the phone's.
    """
    if len(level) <= _LONG:
        return 0
    quiet = np.arange(1, len(level))
    loud = len(level) - quiet
    total = np.cumsum(level)
    step = (total[-1] - total[:-1]) / loud - total[:-1] / quiet
    best = int(np.argmax(quiet * loud * np.square(np.maximum(step, 0))))
    frames = min(int(quiet[best]) - _CLOSURE, len(level) - _SHORTEST_PHONE)
    return frames if step[best] > _STEP and frames >= _SHORTEST_PAUSE else 0


def _cut(phone: DecodedPhone, frames: int) -> tuple[DecodedPhone, DecodedPhone]:
    """A phone in two, the first `frames` long; its score is shared out by length."""
    score = phone.score * frames // phone.frames
    return (
        DecodedPhone(phone.label, phone.start, frames, score),
        DecodedPhone(phone.label, phone.start + frames, phone.frames - frames, phone.score - score),
    )


def _silence(phone: DecodedPhone) -> DecodedPhone:
    return DecodedPhone("SIL", phone.start, phone.frames, phone.score)
