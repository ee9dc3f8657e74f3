"""Forced alignment with PocketSphinx, which brings its own English model and dictionary."""

from collections.abc import Callable, Sequence

from pase.audio.waveform import Waveform
from pase.phonemes.aligners.base import Alignment

Pronounce = Callable[[str], Sequence[str] | None]
"""From a word to its ARPAbet phones, or None."""


class PocketSphinxAligner:
    """The aligner that needs nothing installed by hand. Not safe to share between threads; cheap to make per process.

    Args:
        pronounce: Asked for the phones of words that the dictionary lacks.
    """

    def __init__(self, pronounce: Pronounce | None = None) -> None:
        self._pronounce = pronounce

    def align(self, waveform: Waveform, words: Sequence[str]) -> Alignment:
        """See `pase.phonemes.aligners.base.Aligner.align`."""
        raise NotImplementedError
