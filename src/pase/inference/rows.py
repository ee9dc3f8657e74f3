"""Rows of a feature file, written while the states arrive."""

from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pase.inference.track import FeatureTrack


class RowWriter:
    """Appends float32 rows to a ``.npy`` file whose length becomes known only at the end.

    Args:
        path: File to create.
        width: Feature width D.
        state_rate: States per second that `push` is given, from time 0.
        rate: Rows per second; row *i* is the feature at its middle, ``(i + 0.5) / rate`` s. None: row *i* is state *i*.
    """

    def __init__(self, path: Path, width: int, state_rate: float, rate: float | None = None) -> None:
        self._file = path.open("wb")
        self._width = width
        self._state_rate = state_rate
        self._whole = rate is None
        self._rate = state_rate if rate is None else rate
        self._offset = 0.0 if rate is None else 0.5
        self._pending = np.zeros((0, width), dtype=np.float32)
        self._first = 0  # number of the first pending state
        self._rows = 0
        self._write_header()

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def push(self, states: NDArray[np.float32]) -> None:
        """Take the next states, shape ``(n, D)``; write the rows that lie between states already here."""
        self._pending = np.concatenate([self._pending, states])
        newest = (self._first + len(self._pending) - 1) / self._state_rate
        self._write_until(int(newest * self._rate - self._offset) if len(self._pending) > 1 else 0)
        used = int(self._time(self._rows) * self._state_rate) - self._first
        kept = max(0, min(used, len(self._pending) - 1))
        self._pending, self._first = self._pending[kept:], self._first + kept

    def finish(self, duration: float) -> tuple[int, int]:
        """Write the last rows and the true length; return the shape.

        Args:
            duration: Seconds of sound.
        """
        self._write_until(self._first + len(self._pending) if self._whole else round(duration * self._rate))
        self._file.seek(0)
        self._write_header()
        return self._rows, self._width

    def _time(self, row: int) -> float:
        return (row + self._offset) / self._rate

    def _write_until(self, stop: int) -> None:
        if stop <= self._rows:
            return
        start = self._first / self._state_rate
        times = (np.arange(self._rows, stop) + self._offset) / self._rate - start
        block = FeatureTrack(self._pending, self._state_rate, len(self._pending) / self._state_rate).at(
            times, outside="edge"
        )
        self._file.write(block.tobytes())
        self._rows = stop

    def _write_header(self) -> None:
        """NumPy leaves room in the header for the first axis to grow, so its length does not change."""
        header = {"descr": "<f4", "fortran_order": False, "shape": (self._rows, self._width)}
        npy.write_array_header_1_0(self._file, header)
