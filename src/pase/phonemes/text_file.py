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
