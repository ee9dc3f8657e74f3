"""Samples as callers have them, checked once and turned into mono float32 piece by piece."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.audio.waveform import Waveform
from pase.errors import InputError

LOUDEST = 100.0
"""Samples beyond this (40 dB over full scale) are integers in disguise or damage, and would overflow spectra."""

_MOST_CHANNELS = 32

_PIECE = 1 << 20
"""Samples converted at once, so that hours of 16-bit sound do not become hours of floats."""


@dataclass(frozen=True, eq=False)
class Sound:
    """Usable samples in the type and layout in which they were given.

    Attributes:
        channels: Integers of at most 32 bits or floats, shape ``(C, S)``; nothing is copied.
    """

    channels: NDArray[Any]

    @classmethod
    def of(cls, given: ArrayLike, where: str = "waveform") -> "Sound":
        """Check samples.

        Args:
            given: Shape ``(S,)`` or ``(C, S)``: floats in [-1, 1], or integers of their type's full scale; arrays,
                lists and tensors, of any memory layout and on any device.
            where: What the samples are, for messages.

        Raises:
            InputError: Not numbers, another shape, NaN, infinite, or far too loud.
        """
        array = _array(given, where)
        _check_type(array.dtype, where)
        sound = cls(_channels(array, where))
        for first in range(0, len(sound), _PIECE):
            _check_values(sound.mono(first, first + _PIECE), first, where)
        return sound

    def __len__(self) -> int:
        return int(self.channels.shape[1])

    def mono(self, first: int, stop: int) -> Waveform:
        """Mean of the channels, float32 in [-1, 1], contiguous, shape ``(stop - first,)``."""
        piece = self.channels[:, first:stop]
        with np.errstate(over="ignore", invalid="ignore"):  # the checks find what became infinite
            if piece.dtype.kind == "f":
                return np.ascontiguousarray(piece.mean(0), dtype=np.float32)
            half = 2.0 ** (8 * piece.dtype.itemsize - 1)
            middle = half if piece.dtype.kind == "u" else 0.0
            return np.ascontiguousarray((piece.mean(0, dtype=np.float64) - middle) / half, dtype=np.float32)

    def pieces(self, size: int) -> Iterator[Waveform]:
        """All samples as `mono`, `size` at once."""
        for first in range(0, len(self), size):
            yield self.mono(first, first + size)


def _array(given: ArrayLike, where: str) -> NDArray[Any]:
    torch = sys.modules.get("torch")  # who has no torch loaded has no tensor either
    try:
        if torch is not None and isinstance(given, torch.Tensor):
            tensor = given.detach().cpu()
            return np.asarray((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{where} cannot be read as an array of samples: {error}") from error


def _check_type(kind: np.dtype[Any], where: str) -> None:
    if kind.kind == "f" or (kind.kind in "iu" and kind.itemsize <= 4):
        return
    hint = ""
    if kind.kind in "iu":
        hint = f". What is full scale is not known of {kind}: give int16 or int32, or floats in -1 ... 1"
    raise InputError(
        f"{where} must hold numbers that are samples (floats, or integers up to 32 bits), not {kind}{hint}"
    )


def _channels(array: NDArray[Any], where: str) -> NDArray[Any]:
    if array.ndim == 1:
        return array[None]
    if array.ndim != 2 or not len(array):
        raise InputError(f"{where} must have the shape (S,) or (channels, S), not {array.shape}")
    if len(array) > _MOST_CHANNELS or 0 < array.shape[1] < len(array):
        raise InputError(
            f"{where} must have the shape (S,) or (channels, S), not {array.shape}: "
            f"{len(array)} channels of {array.shape[1]} samples. Is it (S, channels)? Then give its transpose."
        )
    return array


def _check_values(samples: Waveform, first: int, where: str) -> None:
    usable = np.abs(samples) <= LOUDEST  # false for NaN
    if usable.all():
        return
    bad = int(np.flatnonzero(~usable)[0])
    if not np.isfinite(samples[bad]):
        raise InputError(f"{where}: sample {first + bad} is NaN or infinite. Export the sound again.")
    raise InputError(
        f"{where}: sample {first + bad} is {samples[bad]:g}, expected -1 ... 1. Integers must come as an array of "
        "their own type, such as int16."
    )
