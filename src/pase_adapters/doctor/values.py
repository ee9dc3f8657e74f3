"""Are the numbers of a feature file ones that a renderer can learn from? Read in blocks: files may be gigabytes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase_adapters.array_file import ArrayFile, read_block
from pase_adapters.doctor.finding import Finding, Severity

_BLOCK_BYTES = 1 << 22
_LARGEST_BLOCK = 1 << 27
"""Bytes that a single slice may have: thousands of times any renderer's row."""

_SAFE, _FATAL = 1e4, 5e4
"""Amplitudes at which an audio network in half precision was still finite, and no longer (docs/renderer-facts.md)."""


@dataclass(frozen=True, slots=True)
class Values:
    """What the numbers of a file are like.

    Attributes:
        not_finite: How many are NaN or infinite.
        largest: Greatest magnitude of the others; 0 where there are none.
        bad_rows: Which rows hold NaN or infinity.
        zero_rows: Which rows hold nothing but zeros.
    """

    not_finite: int
    largest: float
    bad_rows: NDArray[np.intp]
    zero_rows: NDArray[np.intp]


def scannable(file: ArrayFile) -> bool:
    """Whether the file is whole, of floating-point numbers, and has slices that fit into memory."""
    if file.dtype.kind != "f" or file.size < file.expected_size or 0 in file.shape or not file.shape:
        return False
    stored = file.shape[::-1] if file.fortran else file.shape
    return file.expected_size // stored[0] <= _LARGEST_BLOCK


def scan_values(file: ArrayFile) -> Values:
    """Look at every number once, in memory that does not grow with the file.

    Raises:
        InputError: The file became shorter meanwhile.
    """
    bad, alive = np.zeros(file.rows, dtype=bool), np.zeros(file.rows, dtype=bool)
    not_finite, largest = 0, 0.0
    for start, block in _slices(file):
        finite = np.isfinite(block)
        not_finite += int(block.size - np.count_nonzero(finite))
        largest = max(largest, float(np.max(np.abs(block), where=finite, initial=0)))
        rows = slice(None) if file.fortran else slice(start, start + len(block))
        axes = tuple(range(block.ndim - 1)) if file.fortran else tuple(range(1, block.ndim))
        bad[rows] |= ~finite.all(axis=axes)
        alive[rows] |= (block != 0).any(axis=axes)
    return Values(not_finite, largest, np.flatnonzero(bad), np.flatnonzero(~alive))


def _slices(file: ArrayFile) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Runs of the axis that changes slowest, each with its first place; rows are the last axis in Fortran order."""
    stored = file.shape[::-1] if file.fortran else file.shape
    each = int(np.prod(stored[1:], dtype=np.int64))
    step = max(1, _BLOCK_BYTES // (each * file.dtype.itemsize))
    with file.path.open("rb") as stream:
        stream.seek(file.offset)
        for start in range(0, stored[0], step):
            count = min(step, stored[0] - start)
            yield start, read_block(file, stream, count * each).reshape(count, *stored[1:])


def check_values(file: ArrayFile, values: Values, *, gated: bool, remedy: str) -> Iterator[Finding]:
    """Judge what was seen.

    Args:
        file: The file.
        values: What is in it.
        gated: Features were faded in silence on purpose.
        remedy: The command that writes them again.
    """
    where = str(file.path)
    if values.not_finite:
        found = f"{values.not_finite} numbers are NaN or infinite, in {_rows(values.bad_rows)}: the loss becomes NaN"
        yield Finding(Severity.ERROR, "not-finite", found, where, remedy)
    if values.largest > _SAFE:
        severity = Severity.ERROR if values.largest >= _FATAL else Severity.WARNING
        found = f"values up to {values.largest:.3g}: half precision, in which renderers train, stands {_SAFE:g}"
        yield Finding(severity, "huge-values", found, where, remedy)
    yield from _check_zeros(file, values.zero_rows, gated=gated, remedy=remedy)


def _check_zeros(file: ArrayFile, zeros: NDArray[np.intp], *, gated: bool, remedy: str) -> Iterator[Finding]:
    where = str(file.path)
    if len(zeros) == file.rows:
        yield Finding(Severity.ERROR, "all-zero", "all rows are zeros: nothing to learn from", where, remedy)
    elif len(zeros):
        padding = len(zeros) == 1 and zeros[0] == file.rows - 1
        severity = Severity.INFO if gated or padding else Severity.WARNING
        cause = "the silence gate closed there" if gated else "the sound does not reach there, or is digital silence"
        found = f"{_rows(zeros)} hold nothing but zeros: {cause}"
        yield Finding(severity, "zero-rows", found, where, "" if severity is Severity.INFO else remedy)


def _rows(rows: NDArray[np.intp]) -> str:
    """``3 rows (the first is 7, the last 90)``."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    return f"{len(rows)} rows (the first is {rows[0]}, the last {rows[-1]})"
