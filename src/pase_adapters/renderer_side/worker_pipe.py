"""The renderer's end of the pipes: starts PASE's worker and keeps any number of recordings in it."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from .protocol import ANSWER, DONE, END, FLOATS, FORGET, GREETING, HEAR, REQUEST, ROWS, read_exactly

if TYPE_CHECKING:
    from numpy.typing import NDArray


class WorkerError(RuntimeError):
    """PASE's worker could not do what it was asked to, or is gone."""


class Worker:
    """PASE in a process of its own.

    It starts with `start`, at the latest with the first `open`, and ends with this process, when its pipe closes.

    Args:
        command: How it is started.
    """

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._greeting: tuple[int, int] | None = None
        self._refusal: WorkerError | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        # Streams end in the garbage collector, which may run inside an exchange: they are named in the next one.
        self._forgotten: deque[int] = deque()

    def start(self) -> None:
        """Start it, without waiting until it is ready."""
        with self._lock:
            self._started()

    def open(self) -> Stream:
        """Begin a recording.

        Raises:
            WorkerError: The worker cannot be started.
        """
        with self._lock:
            width, look_ahead = self._greeted()
            stream = Stream(self, next(self._numbers), width, look_ahead)
        weakref.finalize(stream, self._forgotten.append, stream.number)
        return stream

    def close(self) -> None:
        """End the worker and wait for it, where it was started."""
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(BrokenPipeError):  # what was not sent can no longer be
                    cast("BinaryIO", pipe).close()
            self._process.wait()

    def tell(self, request: int, number: int, first: int = 0, second: int = 0, content: bytes = b"") -> None:
        """Send what has no answer."""
        with self._lock:
            self._send(request, number, first, second, content)

    def ask_rows(self, number: int, first: int, stop: int) -> NDArray[np.float32]:
        """Send a request for rows and wait for them; shape ``(n, width)``."""
        with self._lock:
            self._send(ROWS, number, first, stop)
            width, _ = self._greeted()
            content = self._answer(4 * width)
        return np.frombuffer(content, dtype=FLOATS).reshape(-1, width).astype(np.float32)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            except OSError as error:
                raise WorkerError(f"PASE's Python cannot be started: {self._command[0]}: {error}") from error
        return self._process

    def _greeted(self) -> tuple[int, int]:
        if self._refusal is not None:
            raise self._refusal
        if self._greeting is None:
            try:
                self._greeting = GREETING.unpack(self._answer(GREETING.size, 1))
            except WorkerError as error:
                self._refusal = error
                raise
        return self._greeting

    def _send(self, request: int, number: int, first: int = 0, second: int = 0, content: bytes = b"") -> None:
        pipe = cast("BinaryIO", self._started().stdin)
        try:
            while self._forgotten:
                pipe.write(REQUEST.pack(FORGET, self._forgotten.popleft(), 0, 0))
            pipe.write(REQUEST.pack(request, number, first, second) + content)
            pipe.flush()
        except OSError as error:
            raise self._gone() from error

    def _answer(self, item: int, items: int | None = None) -> bytes:
        pipe = cast("BinaryIO", self._started().stdout)
        try:
            status, count = ANSWER.unpack(read_exactly(pipe, ANSWER.size))
            if status == DONE:
                return read_exactly(pipe, item * (count if items is None else items))
            raise WorkerError(f"PASE: {read_exactly(pipe, count).decode('utf-8')}")
        except EOFError as error:
            raise self._gone() from error

    def _gone(self) -> WorkerError:
        status = self._started().wait()
        self.close()
        return WorkerError(f"PASE's worker has ended with status {status}; what it said stands above: {self._command}")


class Stream:
    """One recording that PASE hears.

    Attributes:
        number: Its number.
        width: Of a row.
        look_ahead: How many further chunks must be heard before a row is certain.
    """

    def __init__(self, worker: Worker, number: int, width: int, look_ahead: int) -> None:
        self._worker = worker
        self.number = number
        self.width = width
        self.look_ahead = look_ahead

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Give the next samples, shape ``(n,)``, 16 kHz."""
        self._worker.tell(HEAR, self.number, len(samples), content=np.asarray(samples, dtype=FLOATS).tobytes())

    def end(self) -> None:
        """Nothing follows: all rows are certain, and those after the end are zeros."""
        self._worker.tell(END, self.number)

    def rows(self, first: int, stop: int) -> NDArray[np.float32]:
        """Rows from `first` on that are certain, `stop` at most; rows before the recording are zeros.

        Returns:
            Shape ``(n, width)``.

        Raises:
            WorkerError: The sound could not be encoded, or the worker is gone.
        """
        return self._worker.ask_rows(self.number, first, stop)
