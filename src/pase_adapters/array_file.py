"""Reading what a .npy file says of itself, without its content and without running anything from it."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pase.errors import InputError

_DAMAGE = (ValueError, TypeError, SyntaxError, TokenError, LookupError, RecursionError, MemoryError, OverflowError)
"""What NumPy raises at headers that are none: it reads them as Python literals."""


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """The header of a feature file, and how much the file holds.

    Attributes:
        path: The file.
        shape: Of the array.
        dtype: Of its numbers.
        fortran: Whether the first axis changes fastest.
        offset: Bytes before the numbers.
        size: Bytes of the file.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    offset: int
    size: int

    @property
    def rows(self) -> int:
        """Length of the first axis."""
        return self.shape[0] if self.shape else 0

    @property
    def expected_size(self) -> int:
        """Bytes that a file with this header has."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize

    @property
    def text(self) -> str:
        """Shape and type in words."""
        return f"{' x '.join(map(str, self.shape)) or 'a single number'}, {self.dtype}"


def read_array_file(path: Path) -> ArrayFile:
    """Read the header of a .npy file.

    Raises:
        InputError: It cannot be read, is no .npy file, or its header is damaged.
    """
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _read_header(file)
            return ArrayFile(path, shape, dtype, fortran, file.tell(), path.stat().st_size)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise InputError(f"is no whole .npy file: {str(error).splitlines()[0] if str(error) else error!r}") from error


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, "np.dtype"]:
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version} of the format holds tables, not plain numbers")
    with warnings.catch_warnings(action="ignore"):  # about headers in the manner of Python 2, and odd text in them
        shape, fortran, dtype = readers[version](file)
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise ValueError(f"its header gives the impossible shape {shape}")
    return shape, fortran, dtype


def read_block(file: ArrayFile, stream: BinaryIO, count: int) -> NDArray[np.floating]:
    """The next `count` numbers of a stream that stands within the array, flat.

    Raises:
        InputError: The file ends before them.
    """
    block = np.fromfile(stream, dtype=file.dtype, count=count)
    if len(block) < count:
        raise InputError("became shorter while it was read: is something writing it?")
    return block
