"""A worker on another machine: it calls the parent, gets its tasks through that connection, and does one at a time."""

import pickle
import socket
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, wait
from typing import Any

from pase.execution.base import WorkerDiedError
from pase.execution.calls import work
from pase.execution.process import Worker
from pase.extras import require

DISMISSED = b""  # no pickle is empty

_PATIENCE = 60.0  # seconds in which a parent that does not answer may come back
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}  # where the system has them (Linux)


@dataclass(frozen=True, slots=True)
class NodeWorker:
    """What runs on the other machine, until the parent dismisses it or is gone.

    Each task is done in a process of its own, by `pase.execution.process.Worker`, so that what kills or stops that one
    is known and costs this one nothing. A task whose process dies is tried once more. When the parent closes the
    connection, the task is dropped, and the worker calls again.

    Attributes:
        address: Host and port where the parent listens.
        key: What proves to each of the two that the other one belongs to it.
    """

    address: tuple[str, int]
    key: bytes

    def __call__(self) -> None:
        """Work.

        Raises:
            ConnectionError: Nobody listens there.
        """
        while True:
            with closing(_call(self.address, self.key)) as connection:
                if _serve(connection):
                    return

    def checkpoint(self) -> Any:
        """What submitit queues when the time of the job is over: the same worker, which calls again."""
        return require("submitit.core.utils").DelayedSubmission(self)


def keep_alive(connection: Connection) -> None:
    """Let a connection fail within minutes when the other machine is gone without a word."""
    with closing(socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _call(address: tuple[str, int], key: bytes) -> Connection:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = Client(address, "AF_INET", key)
        except (OSError, EOFError) as error:
            if time.monotonic() > deadline:
                raise ConnectionError(f"nobody hands out tasks at {address[0]}:{address[1]}: {error}") from error
            time.sleep(1)
        else:
            keep_alive(connection)
            return connection


def _serve(connection: Connection) -> bool:
    """Do the tasks that come through a connection; returns whether the parent has no more."""
    crew: list[Worker] = []
    try:
        with suppress(EOFError, OSError):  # the parent dropped the task, or is gone
            while (message := connection.recv_bytes()) != DISMISSED:
                call, timeout = pickle.loads(message)  # noqa: S301 - the parent proved to be ours
                outcome = _outcome(connection, crew, call, timeout)
                if isinstance(outcome, WorkerDiedError):
                    outcome = _outcome(connection, crew, call, timeout)
                connection.send_bytes(outcome if isinstance(outcome, bytes) else pickle.dumps(outcome))
            return True
        return False
    finally:
        for worker in crew:
            worker.stop()


def _outcome(connection: Connection, crew: list[Worker], call: bytes, timeout: float | None) -> Any:
    """What a call comes to in a process of its own.

    Raises:
        EOFError: The parent does not wait for it any more.
    """
    if not crew or crew[0].stopped:
        crew[:] = [Worker()]
    [worker] = crew
    worker.begin(work, call, timeout)
    while worker.busy:
        left = worker.seconds_left()
        ready = wait([connection, worker.connection], None if left == float("inf") else left)
        if connection in ready:
            raise EOFError
        worker.listen()
    return worker.outcome
