"""CTM files (NIST's time marked conversations), as Kaldi and its kin write alignments.

A line is ``FILE CHANNEL START DURATION LABEL [SCORE]``, times in seconds; ``;;`` begins a comment. One file may hold
many utterances.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pase.errors import InputError
from pase.phonemes.labels import LabelledInterval, is_pause, names_phone
from pase.phonemes.repair import TimedLabels, repair_phones, repair_words
from pase.phonemes.text_file import read_text_file


@dataclass(frozen=True, slots=True)
class _Line:
    file: str
    channel: str
    segment: LabelledInterval


def read_ctm(path: Path, names: Collection[str], duration: float) -> TimedLabels:
    """Read the phones or the words of one utterance.

    A CTM does not say which of them it holds: phones, if at least half of the labels in the whole file name phones.

    Args:
        path: The CTM.
        names: What the utterance may be called in the first column, there with a suffix or without. A file with a
            single utterance is taken whatever that is called, if the file is named after one of `names`.
        duration: Length of the sound, in seconds.

    Raises:
        InputError: Absent, a line that is none of a CTM, no such utterance, several channels, numbers for labels, and
            what `pase.phonemes.repair` refuses.
    """
    lines = _parse(path)
    chosen, reports = _choose(path, lines, names)
    channels = sorted({line.channel for line in chosen})
    if len(channels) > 1:
        raise InputError(f"{path} has {len(channels)} channels: {', '.join(channels)}. Keep the visible speaker's.")
    where = f"{path}, utterance {chosen[0].file!r}"
    segments = [line.segment for line in chosen]
    if _holds_phones(path, lines):
        phones, repairs = repair_phones(where, segments, duration)
        return TimedLabels(phones, (), reports + repairs)
    words, repairs = repair_words(where, segments, duration)
    return TimedLabels(None, words, reports + repairs)


def _parse(path: Path) -> list[_Line]:
    lines = []
    for number, line in enumerate(read_text_file(path).splitlines(), start=1):
        fields = line.split()
        if not fields or line.lstrip().startswith(";;"):
            continue
        if not 5 <= len(fields) <= 6:
            raise InputError(f"{path}, line {number}: expected 'FILE CHANNEL START DURATION LABEL', found {line!r}")
        try:
            start, length = float(fields[2]), float(fields[3])
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {fields[2]!r} and {fields[3]!r} are no times") from error
        # Nine digits, so that two lines that touch do so after the addition too.
        segment = LabelledInterval(fields[4], start, round(start + length, 9))
        lines.append(_Line(fields[0], fields[1], segment))
    if not lines:
        raise InputError(f"{path} is empty; expected lines 'FILE CHANNEL START DURATION LABEL'")
    return lines


def _choose(path: Path, lines: list[_Line], names: Collection[str]) -> tuple[list[_Line], tuple[str, ...]]:
    """The lines of one utterance, and a report where it goes by another name."""
    chosen = [line for line in lines if {line.file, PurePosixPath(line.file).stem} & set(names)]
    files = sorted({line.file for line in chosen or lines})
    if len(files) == 1 and (chosen or path.stem in names):
        other = () if chosen else (f"{path}: its one utterance is called {files[0]!r}, and was taken",)
        return chosen or lines, other
    listed = ", ".join(map(repr, files[:5])) + (", ..." if len(files) > 5 else "")
    if chosen:
        raise InputError(f"{path} has several utterances of that name: {listed}. Keep one.")
    raise InputError(f"{path} has no utterance called {' or '.join(map(repr, names))}; it has {len(files)}: {listed}")


def _holds_phones(path: Path, lines: list[_Line]) -> bool:
    """Judged without the silences, which phones and words share."""
    labels = [line.segment.label for line in lines]
    if all(label.isdecimal() for label in labels):
        raise InputError(f"{path} has numbers for labels. Write it with symbols: int2sym.pl -f 5 phones.txt.")
    named = [label for label in labels if not is_pause(label)]
    return sum(map(names_phone, named)) >= len(named) / 2
