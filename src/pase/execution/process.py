"""One worker process: started when first needed, told what to do through a pipe, killed when it hangs."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from pase.execution.base import TaskTimeoutError, WorkerDiedError
from pase.execution.calls import SINGLE_THREADED, pack, unpack, work

T = TypeVar("T")
R = TypeVar("R")

_READY = b""  # no pickle is empty
_CONTEXT = multiprocessing.get_context("spawn")  # forked copies of FFmpeg's and MediaPipe's threads hang


class Worker:
    """A process that does one task at a time.

    Attributes:
        connection: Has something to read when there is news of the process, its end included.
        busy: It has a task.
        outcome: What its last task came to.
    """

    def __init__(self) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
        with _environment(SINGLE_THREADED):
            self._process.start()
        theirs.close()  # else the pipe would stay open when the process is dead
        self._ready = False
        self._call = b""
        self._timeout: float | None = None
        self._deadline = float("inf")
        self.busy = False
        self.outcome: Any = None

    def begin(self, function: Callable[[T], R], task: T, timeout: float | None) -> None:
        """Give it a task, which it does as soon as it has started."""
        self._call = pack(function, task)
        self._timeout = timeout
        self.busy = True
        if self._ready:
            self._send()

    def listen(self) -> bool:
        """Take in what the process sent, without waiting; kill it if it is late.

        Returns:
            Whether the task is over.
        """
        if self.connection.poll():
            self._take(self._receive())
        elif self.seconds_left() == 0:
            self.stop()
            self._finish(TaskTimeoutError(f"not done within {self._timeout:g} s, and killed"))
        return not self.busy

    def seconds_left(self) -> float:
        """Seconds until it is late; infinite where there is no limit, or no task yet."""
        return max(self._deadline - time.monotonic(), 0.0)

    def stop(self) -> None:
        """Kill it, with the processes that it started, and wait until it is gone."""
        if self._process.is_alive():  # else its number may be another's by now
            with suppress(ProcessLookupError, PermissionError):  # it has not got as far as to have a group of its own
                os.killpg(self._process.pid or 0, signal.SIGKILL)
            self._process.kill()
        self._process.join()
        self.connection.close()

    @property
    def stopped(self) -> bool:
        """It was stopped, or died, and takes no more tasks."""
        return self.connection.closed

    def _receive(self) -> bytes | None:
        try:
            return self.connection.recv_bytes()
        except (EOFError, OSError):  # it is dead, which may have happened within a message
            return None

    def _take(self, message: bytes | None) -> None:
        if message is None:
            self._finish(WorkerDiedError(self._bury()))
        elif message == _READY:
            self._ready = True
            self._send()
        else:
            self._finish(unpack(message))

    def _send(self) -> None:
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout
        with suppress(OSError):  # it died while it had nothing to do, which `listen` finds out
            self.connection.send_bytes(self._call)

    def _finish(self, outcome: Any) -> None:
        self.outcome = outcome
        self.busy = False
        self._deadline = float("inf")

    def _bury(self) -> str:
        """How it ended.

        Raises:
            RuntimeError: It failed in starting, as every other would.
        """
        self._process.join(1)  # its pipe closes a little before it is gone
        self.stop()
        status = self._process.exitcode or 0
        if status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        if not self._ready:
            raise RuntimeError(
                f"a worker process could not start (exit status {status}; its own message is above). A script that "
                'prepares needs `if __name__ == "__main__":` around what it does'
            )
        return f"its process ended with exit status {status}"


def wait_for_any(workers: Iterable[Worker]) -> Iterator[Worker]:
    """Wait until at least one of the busy workers is done; yield those that are."""
    workers = list(workers)
    done: list[Worker] = []
    while not done:
        left = min(worker.seconds_left() for worker in workers)
        wait([worker.connection for worker in workers], None if left == float("inf") else left)
        done = [worker for worker in workers if worker.listen()]
    yield from done


def _serve(connection: Connection) -> None:
    """The worker process."""
    os.setsid()  # an interrupt is for the parent, which then kills this group, whatever this process has started
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    connection.send_bytes(_READY)
    with suppress(EOFError):  # the parent is gone
        while True:
            connection.send_bytes(work(connection.recv_bytes()))


def _follow(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os.killpg(0, signal.SIGKILL)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
