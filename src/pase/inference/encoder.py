"""PASE for use: from sound to features, without transcript, phones or video."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pase.audio.waveform import SAMPLE_RATE, Resampler, Waveform, check_finite, iter_audio
from pase.errors import InputError
from pase.files import atomic_path
from pase.inference.rows import RowWriter
from pase.inference.stream import Stream
from pase.inference.track import FeatureTrack
from pase.models.checkpoint import CheckpointInfo, load_checkpoint
from pase.models.model import PaseModel

_MOST_CHANNELS = 32

SHORTEST = 0.04
"""Seconds: one video frame; less sound than that has no feature that could be used."""


class PASE:
    """A trained speech encoder.

    Example:
        >>> encoder = PASE.from_pretrained("checkpoint")  # doctest: +SKIP
        >>> rows = encoder.encode(waveform, 44_100).at_rate(25)  # doctest: +SKIP
    """

    def __init__(self, model: PaseModel, info: CheckpointInfo) -> None:
        self._encoder = model.audio.eval()
        self._scale = model.features.eval()
        self.info = info

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "PASE":
        """Load a checkpoint folder; no network, no code from the folder.

        Raises:
            InputError: Incomplete, damaged, from other software or from a newer format.
        """
        return cls(*load_checkpoint(Path(folder)))

    @property
    def width(self) -> int:
        """Feature width D."""
        return self.info.model.dim

    @property
    def rate(self) -> float:
        """States per second (Hz)."""
        return self._encoder.rate

    @property
    def look_ahead(self) -> float:
        """Seconds of sound that must follow a time before its feature is certain."""
        return self._encoder.look_ahead

    def stream(self) -> Stream:
        """Begin a recording that arrives piece by piece, at 16 kHz mono."""
        return Stream(self._encoder, self._scale)

    def encode(self, waveform: ArrayLike, sample_rate: int) -> FeatureTrack:
        """Encode a waveform.

        Args:
            waveform: Shape ``(S,)``, or ``(C, S)`` for several channels, which are averaged; numbers in [-1, 1], or
                integers of their type's full scale; arrays and CPU tensors.
            sample_rate: Hz, any from 4,000 on.

        Returns:
            States at `rate`, shape ``(N, D)``, from time 0 to the end.

        Raises:
            InputError: Wrong shape, NaN or infinite samples, or less than 40 ms.
        """
        samples = _mono(waveform)
        check_finite(samples, "waveform")
        resampler = Resampler(sample_rate)
        return self._collect(iter([resampler.push(samples), resampler.flush()]), "waveform")

    def encode_file(self, path: str | Path) -> FeatureTrack:
        """Encode any sound or video file; see `encode`, and `encode_to_file` for files of hours.

        Raises:
            InputError: As `encode`, or the file cannot be read.
        """
        return self._collect(iter_audio(Path(path)), str(path))

    def encode_to_file(self, path: str | Path, output: str | Path, rate: float | None = None) -> tuple[int, int]:
        """Encode a file into a ``.npy`` of rows at `rate` per second, in constant memory.

        Row *i* belongs to the middle of the row, ``(i + 0.5) / rate`` s; without a rate rows are the encoder's states,
        `rate` per second, the first at time 0.

        Returns:
            Shape of the written float32 array.

        Raises:
            InputError: As `encode_file`, or the output cannot be written.
        """
        if rate is not None and not 0 < rate <= 1000:
            raise InputError(f"rate is {rate} rows per second, expected more than 0 and at most 1000")
        with atomic_path(Path(output)) as temporary:
            samples = _Counter(iter_audio(Path(path)))
            with RowWriter(temporary, self.width, self.rate, rate) as rows:
                for states in self._states(samples):
                    rows.push(states)
                _check_length(samples.count, str(path))
                return rows.finish(samples.count / SAMPLE_RATE)

    def _collect(self, blocks: Iterator[Waveform], where: str) -> FeatureTrack:
        samples = _Counter(blocks)
        states = np.concatenate(list(self._states(samples)))
        _check_length(samples.count, where)
        return FeatureTrack(states, self.rate, samples.count / SAMPLE_RATE, self.info.model_id)

    def _states(self, blocks: Iterable[Waveform]) -> Iterator[Waveform]:
        """All states of a recording."""
        stream = self.stream()
        for block in blocks:
            yield stream.push(block)
        yield stream.finish()


class _Counter:
    """Counts the samples that pass."""

    def __init__(self, blocks: Iterable[Waveform]) -> None:
        self._blocks = blocks
        self.count = 0

    def __iter__(self) -> Iterator[Waveform]:
        for block in self._blocks:
            self.count += len(block)
            yield block


def _mono(waveform: ArrayLike) -> Waveform:
    """One channel of float32 in [-1, 1]."""
    samples = np.asarray(waveform)
    if samples.dtype.kind in "iu":
        limits = np.iinfo(samples.dtype)
        middle = 0 if samples.dtype.kind == "i" else (limits.max + 1) / 2
        samples = (samples.astype(np.float64) - middle) / (limits.max - middle + 1)
    if samples.dtype.kind != "f":
        raise InputError(f"waveform must hold numbers, not {samples.dtype}")
    if samples.ndim == 2 and 1 <= len(samples) <= _MOST_CHANNELS:
        samples = samples.mean(0)
    if samples.ndim != 1:
        raise InputError(f"waveform must have the shape (S,) or (channels, S), not {samples.shape}")
    return np.ascontiguousarray(samples, dtype=np.float32)


def _check_length(samples: int, where: str) -> None:
    if samples < SHORTEST * SAMPLE_RATE:
        raise InputError(
            f"{where}: {1000 * samples / SAMPLE_RATE:.1f} ms of sound; "
            f"at least {1000 * SHORTEST:g} ms (one video frame) are needed"
        )
