"""Word times of the GRID corpus (Cooke, Barker, Cunningham and Shao 2006)."""

from pathlib import Path

from pase.errors import InputError
from pase.phonemes.words import WordInterval

TICKS_PER_SECOND = 25_000
"""Unit of the times in an ``.align`` file."""

_SILENCES = ("sil", "sp")


def read_grid_align(path: Path) -> tuple[WordInterval, ...]:
    """Read the words of a GRID ``.align`` file, silences left out.

    Raises:
        InputError: Absent, or a line that is not ``START END WORD`` with times in order.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as GRID word times: {error}") from error
    words: list[WordInterval] = []
    clock = 0
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            raise InputError(f"{path}, line {number}: expected 'START END WORD', found {line!r}")
        start, end = int(fields[0]), int(fields[1])
        if not clock <= start < end:
            raise InputError(f"{path}, line {number}: {line!r} starts before the line above ends, or has no length")
        clock = end
        if fields[2] not in _SILENCES:
            words.append(WordInterval(fields[2], start / TICKS_PER_SECOND, end / TICKS_PER_SECOND))
    if not words:
        raise InputError(f"{path} holds no words; expected GRID's 'START END WORD' lines")
    return tuple(words)
