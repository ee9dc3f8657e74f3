"""Phones in time as the TIMIT corpus keeps them (Garofolo and others 1993)."""

from pathlib import Path

from pase.phonemes.labels import LabelledInterval
from pase.phonemes.repair import TimedLabels, repair_phones
from pase.phonemes.text_file import read_ticks

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
    segments = [LabelledInterval(*entry) for entry in read_ticks(path, TIMIT_RATE, "'START END PHONE' in samples")]
    phones, reports = repair_phones(str(path), segments, duration)
    return TimedLabels(phones, (), reports)
