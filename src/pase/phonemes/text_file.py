"""Reading the text files that labels and transcripts are kept in."""

import codecs
from pathlib import Path

from pase.errors import InputError


def read_text_file(path: Path) -> str:
    """The whole of a UTF-8 file, or of a UTF-16 file that begins with a byte order mark, as Praat writes them.

    Raises:
        InputError: Absent, unreadable, or in another encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is damaged, or neither UTF-8 nor UTF-16 ({error}). Save it as UTF-8.") from error


def read_ticks(path: Path, per_second: int, expected: str) -> list[tuple[str, float, float]]:
    """Read lines of a start, an end and a label, the times in whole ticks of a clock; empty lines are skipped.

    Args:
        path: The file.
        per_second: Ticks of a second.
        expected: What a line has to be, for the message.

    Returns:
        Label, start and end in seconds of each line.

    Raises:
        InputError: Absent, or another line.
    """
    entries = []
    for number, line in enumerate(read_text_file(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            raise InputError(f"{path}, line {number}: expected {expected}, found {line!r}")
        entries.append((fields[2], int(fields[0]) / per_second, int(fields[1]) / per_second))
    return entries
