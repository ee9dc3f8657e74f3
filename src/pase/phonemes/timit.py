"""Phones in time as the TIMIT corpus keeps them (Garofolo and others 1993)."""

from pathlib import Path

from pase.errors import InputError
from pase.phonemes.labels import LabelledInterval
from pase.phonemes.repair import TimedLabels, repair_phones
from pase.phonemes.text_file import read_text_file

TIMIT_RATE = 16_000
"""Hz; times in a ``.phn`` file are numbers of samples at this rate."""


def read_timit(path: Path, duration: float) -> TimedLabels:
    """Read the phones of a ``.phn`` file, whose lines are ``START END PHONE``.

    Args:
        path: The file; its 61 phones are folded as `pase.phonemes.labels` says.
        duration: Length of the sound, in seconds.

    Raises:
        InputError: Absent, another line, and what `pase.phonemes.repair` refuses.
    """
    segments = []
    for number, line in enumerate(read_text_file(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            raise InputError(f"{path}, line {number}: expected 'START END PHONE' in samples, found {line!r}")
        segments.append(LabelledInterval(fields[2], int(fields[0]) / TIMIT_RATE, int(fields[1]) / TIMIT_RATE))
    phones, reports = repair_phones(str(path), segments, duration)
    return TimedLabels(phones, (), reports)
