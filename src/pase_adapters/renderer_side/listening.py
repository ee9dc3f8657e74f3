"""Hearing every chunk of sound where a renderer's real-time path takes it in.

What the renderer hands to its speech model overlaps from call to call and leaves out silent batches. Which chunks of it
are new could only be guessed; here each is heard once, in the moment when it is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .protocol import CHUNK
from .worker_pipe import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RendererError(RuntimeError):
    """The renderer was started in a way in which its windows would be wrong."""


class Listener:
    """Stands for the method by which a renderer takes its next chunk of sound, and passes each on to PASE.

    Args:
        source: The method. It gives samples, or a tuple or an object that holds them, or None at the end.
        stream: Hears them.
        skipped: First chunks that the renderer never plays: the recording begins behind them.
        samples: Length of the recording, where it is known; None: it goes on as long as the renderer runs.
    """

    def __init__(self, source: Callable[[], Any], stream: Stream, skipped: int = 0, samples: int | None = None) -> None:
        self._source = source
        self._stream = stream
        self._skipped = skipped
        self._samples = samples
        self.chunks = 0
        """Heard so far."""

    def __call__(self) -> Any:
        """The next chunk, as the renderer's method gives it."""
        taken = self._source()
        if taken is not None:
            self._hear(_samples_of(taken))
        return taken

    def rows_of(self, samples: int, right: int) -> NDArray[np.float32]:
        """Rows of the last chunks that were heard.

        Args:
            samples: Length of the stretch, of which the last chunk is the newest one.
            right: How many of its last chunks are there for their sound alone.

        Returns:
            A row for each chunk, shape ``(chunks, width)``: zeros before and after the recording, and for rows of the
            last chunks that are not certain yet.
        """
        chunks = -(-samples // CHUNK)  # one of them may have been too short
        first = self.chunks - chunks
        certain = self._stream.rows(first, self.chunks)
        if len(certain) < chunks - right:
            raise RendererError(f"PASE is sure of {len(certain)} of {chunks} rows, the renderer uses {chunks - right}")
        rows = np.zeros((chunks, self._stream.width), dtype=np.float32)
        rows[: len(certain)] = certain
        return rows

    def _hear(self, chunk: NDArray[np.float32]) -> None:
        if len(chunk) > CHUNK:
            raise RendererError(f"a chunk of {len(chunk)} samples came, {CHUNK} are 20 ms")
        if self._skipped:
            self._skipped -= 1
            return
        first, self.chunks = CHUNK * self.chunks, self.chunks + 1
        stop = first + CHUNK if self._samples is None else self._samples
        if first < stop:
            self._stream.hear(_filled(chunk)[: stop - first])
        if self._samples is not None and first < stop <= first + CHUNK:
            self._stream.end()


def _samples_of(taken: Any) -> NDArray[np.float32]:
    if isinstance(taken, tuple):
        taken = taken[0]
    return np.asarray(taken if isinstance(taken, np.ndarray) else taken.data, dtype=np.float32)


def _filled(chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    """A chunk that is too short, as the last of a sound may be, with silence behind it: rows keep their places."""
    return np.concatenate([chunk, np.zeros(CHUNK - len(chunk), dtype=np.float32)])
