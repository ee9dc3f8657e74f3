"""A ``.npy`` file that grows row by row."""

from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class RowWriter:
    """Appends float32 rows to a ``.npy`` file whose length becomes known only at the end.

    Args:
        path: File to create.
        width: Feature width D.
    """

    def __init__(self, path: Path, width: int) -> None:
        self._file = path.open("wb")
        self._width = width
        self._rows = 0
        self._write_header()

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, rows: NDArray[np.float32]) -> None:
        """Write rows of shape ``(n, D)``."""
        self._file.write(rows.astype("<f4", copy=False).tobytes())
        self._rows += len(rows)

    def finish(self) -> tuple[int, int]:
        """Write the true length; return the shape."""
        self._file.seek(0)
        self._write_header()
        return self._rows, self._width

    def _write_header(self) -> None:
        """NumPy leaves room in the header for the first axis to grow, so its length does not change."""
        header = {"descr": "<f4", "fortran_order": False, "shape": (self._rows, self._width)}
        npy.write_array_header_1_0(self._file, header)
