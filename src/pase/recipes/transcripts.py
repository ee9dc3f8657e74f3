"""Reading the words of a clip out of the files that corpora keep them in."""

from pathlib import Path
from typing import Literal

from pase.errors import InputError
from pase.phonemes.words import words_of

TranscriptFormat = Literal["plain", "lrs"]
"""``plain``: the whole file is what is said. ``lrs``: LRS2 and LRS3, where a line ``Text: ...`` holds it."""


def read_transcript(path: Path, form: TranscriptFormat) -> tuple[str, ...]:
    """The spoken words, as a pronunciation dictionary spells them.

    Raises:
        InputError: The file cannot be read as UTF-8, or is not of the format.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8: {error}") from error
    if form == "lrs":
        lines = [line.partition(":")[2] for line in text.splitlines() if line.lower().startswith("text:")]
        if not lines:
            raise InputError(f"{path} has no line 'Text: ...', as the transcripts of LRS2 and LRS3 have")
        text = lines[0]
    return words_of(text)
