"""The text files of LRS2 and LRS3 (Afouras, Chung and Zisserman 2018).

Lines ``Text:  WHAT IS SAID`` and ``Conf:  5``; in LRS3 also ``Ref:`` and a table ``FRAME X Y W H`` of face boxes; in
the sets for pretraining a table ``WORD START END ASDSCORE`` of words in seconds.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError
from pase.phonemes.labels import LabelledInterval
from pase.phonemes.repair import TimedLabels, repair_words
from pase.phonemes.text_file import read_text_file

_WORD_TABLE = ["WORD", "START", "END", "ASDSCORE"]
_FIELD = re.compile(r"^(\w+):[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LrsText:
    """What a text file of LRS2 or LRS3 says, without the face boxes.

    Attributes:
        text: The words as they stand there, marks for noise (``{NS}``) and laughter (``{LG}``) among them.
        words: Words in time, not yet checked; empty where the file has no table of them.
    """

    text: str
    words: tuple[LabelledInterval, ...]


def read_lrs(path: Path) -> LrsText:
    """Read a text file of LRS2 or LRS3.

    Raises:
        InputError: Absent, no line ``Text:``, or a damaged table of words.
    """
    content = read_text_file(path)
    fields = {name.lower(): value.strip() for name, value in reversed(_FIELD.findall(content))}
    if "text" not in fields:
        raise InputError(f"{path} has no line 'Text: ...', as the transcripts of LRS2 and LRS3 have")
    return LrsText(fields["text"], tuple(_words(path, content.splitlines())))


def read_lrs_words(path: Path, duration: float) -> TimedLabels:
    """The words in time of a file of the sets for pretraining.

    Args:
        path: The text file.
        duration: Length of the sound, in seconds.

    Raises:
        InputError: As `read_lrs`; no table of words; what `pase.phonemes.repair` refuses.
    """
    segments = read_lrs(path).words
    if not segments:
        raise InputError(f"{path} has no table 'WORD START END ASDSCORE'; it is a transcript without times")
    words, reports = repair_words(str(path), segments, duration)
    return TimedLabels(None, words, reports)


def _words(path: Path, lines: list[str]) -> list[LabelledInterval]:
    found = [number for number, line in enumerate(lines, start=1) if line.split() == _WORD_TABLE]
    segments = []
    for number, line in enumerate(lines[found[0] :] if found else [], start=found[0] + 1 if found else 0):
        fields = line.split()
        if not fields:
            break
        try:
            word, start, end = fields[0], float(fields[1]), float(fields[2])
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}, line {number}: expected 'WORD START END ASDSCORE', found {line!r}") from error
        segments.append(LabelledInterval(word, start, end))
    return segments
