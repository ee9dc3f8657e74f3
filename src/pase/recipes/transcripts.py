"""Reading the words of a clip out of the files that corpora keep them in."""

import re
from pathlib import Path
from typing import Literal

from pase.errors import InputError
from pase.phonemes.lrs import read_lrs
from pase.phonemes.text_file import read_text_file
from pase.phonemes.words import words_of

TranscriptFormat = Literal["plain", "lrs"]
"""``plain``: the whole file is what is said, as in the ``.lab`` files of MFA. ``lrs``: LRS2 and LRS3."""

_TIMES = re.compile(r"^\d+(?:\.\d+)?\s+\d+(?:\.\d+)?\s+\S+$")


def read_transcript(path: Path, form: TranscriptFormat) -> tuple[str, ...]:
    """The spoken words, as a pronunciation dictionary spells them; marks for noise are left out.

    Raises:
        InputError: The file cannot be read as UTF-8 or UTF-16, or is not of the format.
    """
    if form == "lrs":
        return words_of(read_lrs(path).text)
    text = read_text_file(path)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and all(map(_TIMES.match, lines)):  # the labels of HTK and others also end in .lab and .txt
        raise InputError(f"{path} holds labels in time ({lines[0]!r}), not what is said in plain text")
    return words_of(text)
