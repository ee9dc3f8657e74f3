"""Clips whose right alignment is known: GRID's word times and TIMIT's hand labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

import numpy as np

from pase.audio.waveform import Waveform
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.text_file import read_text_file
from pase.phonemes.timit import read_timit
from pase.phonemes.words import words_of

_MEDIA = (".wav", ".flac", ".mp4", ".mpg", ".mkv", ".avi")

_JUMP, _JUMPS = 1.2, 50
"""More steps than `_JUMPS` from one sample to the next that are larger than `_JUMP` of full scale are no speech: the
file has lost single bytes, as it does where it was copied as text."""


class Reference(Protocol):
    """A clip whose right alignment is known."""

    @property
    def sound(self) -> Path:
        """The clip."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """What is said."""
        ...

    def errors(self, found: Alignment) -> list[float]:
        """Found minus true starts, in seconds, of what can be compared."""
        ...


@dataclass(frozen=True, slots=True)
class GridClip:
    """A clip of GRID with the times of its words."""

    sound: Path
    words: tuple[str, ...]
    starts: tuple[float, ...]

    def errors(self, found: Alignment) -> list[float]:
        """Of all words."""
        return [word.start - start for word, start in zip(found.words, self.starts, strict=True)]


@dataclass(frozen=True, slots=True)
class TimitSentence:
    """A sentence of TIMIT with hand labels."""

    sound: Path
    words: tuple[str, ...]

    def errors(self, found: Alignment) -> list[float]:
        """Of those phones on which dictionary and hand labels agree; closures count as part of their stop."""
        if found.phones is None:
            return []
        true = read_timit(self.sound.with_suffix(".phn"), found.phones.intervals[-1].end).phones
        first, second = ([p for p in t.intervals if p.phone != SILENCE] for t in (true or PhoneTrack(()), found.phones))
        agreed = SequenceMatcher(None, [p.phone for p in first], [p.phone for p in second], autojunk=False)
        blocks = agreed.get_matching_blocks()
        return [second[b.b + i].start - first[b.a + i].start for b in blocks for i in range(b.size)]


def grid_clips(folder: Path) -> list[GridClip]:
    """The clips of a folder that have an ``.align`` file of the same name."""
    media = {path.stem: path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _MEDIA}
    clips: list[GridClip] = []
    for path in sorted(folder.rglob("*.align")):
        if path.stem in media:
            words = read_grid_align(path)
            clips.append(GridClip(media[path.stem], tuple(w.word for w in words), tuple(w.start for w in words)))
    return clips


def timit_sentences(folder: Path) -> list[TimitSentence]:
    """The sentences of a folder that have sound, text and hand labels."""
    sounds = [path for path in sorted(folder.rglob("*.wav")) if path.with_suffix(".phn").is_file()]
    return [TimitSentence(path, words_of(_text(path.with_suffix(".txt")))) for path in sounds]


def _text(path: Path) -> str:
    """A TIMIT text without the numbers of its first and last sample."""
    return re.sub(r"^\s*\d+\s+\d+\s+", "", read_text_file(path))


def spread(clips: Sequence[Reference], limit: int | None) -> list[Reference]:
    """At most `limit` clips, at even distances over all."""
    if limit is None or limit >= len(clips):
        return list(clips)
    return [clips[number * len(clips) // limit] for number in range(limit)]


def is_damaged(waveform: Waveform) -> bool:
    """Whether a sound of shape ``(N,)`` is noise that only a broken file can hold."""
    return int(np.count_nonzero(np.abs(np.diff(waveform)) > _JUMP)) > _JUMPS
