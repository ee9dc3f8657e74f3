"""Word times of the GRID corpus (Cooke, Barker, Cunningham and Shao 2006)."""

import math
from pathlib import Path

from pase.errors import InputError
from pase.phonemes.labels import LabelledInterval
from pase.phonemes.repair import TimedLabels, repair_words
from pase.phonemes.text_file import read_ticks
from pase.phonemes.words import WordInterval

TICKS_PER_SECOND = 25_000
"""Unit of the times in an ``.align`` file."""


def read_grid_align(path: Path) -> tuple[WordInterval, ...]:
    """The words of a GRID ``.align`` file, silences left out, without a sound to compare them with.

    Raises:
        InputError: As `read_grid_words`.
    """
    return read_grid_words(path, math.inf).words


def read_grid_words(path: Path, duration: float) -> TimedLabels:
    """Read the words of a GRID ``.align`` file, whose lines are ``START END WORD``.

    Args:
        path: The file.
        duration: Length of the sound, in seconds.

    Raises:
        InputError: Absent, another line, no words, and what `pase.phonemes.repair` refuses.
    """
    segments = [LabelledInterval(*entry) for entry in read_ticks(path, TICKS_PER_SECOND, "'START END WORD'")]
    words, reports = repair_words(str(path), segments, duration)
    if not words:
        raise InputError(f"{path} holds no words; expected GRID's 'START END WORD' lines")
    return TimedLabels(None, words, reports)
