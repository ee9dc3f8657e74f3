"""Running one function over many tasks on the nodes of a Slurm cluster."""

import multiprocessing
import os
import pickle
import secrets
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pase.errors import InputError, PaseError
from pase.execution.base import WorkerDiedError
from pase.execution.calls import pack, unpack
from pase.execution.node import DISMISSED, NodeWorker, keep_alive
from pase.extras import require

T = TypeVar("T")
R = TypeVar("R")

MINUTES = 240
"""Time limit of a worker where none is asked for; a worker whose time is over is queued again."""

_TRIES = 3  # a node may be taken away, or be short of memory for what others do on it
_REQUEUES = 1000
_LOOK = 10.0  # seconds between two looks at the queue while no worker has called
_HANDSHAKE = 10  # seconds for a caller to prove that it is ours
_ENDED = (
    *("COMPLETED", "FAILED", "CANCELLED", "PREEMPTED", "TIMEOUT"),
    *("NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY", "DEADLINE"),
)


@dataclass(frozen=True, slots=True)
class _Submitted(Generic[T]):
    task: T
    call: bytes
    tries: int = 1


class SlurmExecutor:
    """Workers that are the tasks of one Slurm array job, of one processor each where nothing else is asked for.

    Each calls this process over the network as soon as Slurm starts it, and stays for all tasks, so that a queue is
    waited for once. All nodes need this Python environment, and the folders that the tasks read and write, under the
    same paths, and must reach this machine by its name: where the login node does not let them, run this in a job.

    A task whose process dies is tried once more; one whose job or node is lost, or is preempted, three times in all;
    one that runs out of time is not tried again. Workers that are lost come back when Slurm requeues their job.

    Args:
        workers: Tasks of the array.
        folder: For the jobs' logs and what submitit needs; all nodes must see it, and nobody else is let in.
        options: Of sbatch, by their long names (``partition``, ``account``, ``mem_per_cpu``); ``time`` in minutes.
        timeout: Seconds that a task may take from when a worker begins it; no limit if None.

    Raises:
        MissingExtraError: submitit is not installed.
        InputError: The time is no number of minutes. At first use: there is no Slurm, or it refuses the job.
        ValueError: No workers, or no time at all.
    """

    def __init__(
        self, workers: int, folder: Path, options: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; it must be positive")
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout is {timeout} s; it must be positive, or None for no limit")
        require("submitit")
        self._workers = workers
        self._folder = folder
        self._options = {name.replace("-", "_"): value for name, value in (options or {}).items()}
        self._minutes = _minutes(self._options.pop("time", str(MINUTES)))
        self._timeout = timeout
        self._key = secrets.token_bytes(32)
        self._server: socket.socket | None = None
        self._job = ""
        self._idle: list[Connection] = []
        self._at_work = False
        self._told = ""

    @property
    def workers(self) -> int:
        """Number of workers when Slurm has started all."""
        return self._workers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._idle:
            _send(connection, DISMISSED)
            connection.close()
        self._idle.clear()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._job:
            command = ["scancel", self._job]  # for those that have not started
            subprocess.run(command, capture_output=True, check=False)
            self._job = ""

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
        """Call a function for each task; see `pase.execution.base.Executor.run`.

        Raises:
            PaseError: No worker is left and none will come; the message has the end of a worker's log.
        """
        if self._at_work:
            raise RuntimeError("the results of a former run were not all taken: exhaust or close its iterator first")
        remaining = iter(tasks)
        waiting = deque(_Submitted(task, pack(function, task)) for task in islice(remaining, 1))
        if not waiting:
            return
        under_way: dict[Connection, _Submitted[T]] = {}
        self._at_work = True
        try:
            self._submit()
            yield from self._share(function, remaining, waiting, under_way)
        finally:
            for connection in under_way:
                connection.close()  # its worker drops the task and calls again
            self._at_work = False

    def _share(
        self,
        function: Callable[[T], R],
        remaining: Iterator[T],
        waiting: deque[_Submitted[T]],
        under_way: dict[Connection, _Submitted[T]],
    ) -> Iterator[tuple[T, R | BaseException]]:
        self._hand_out(function, remaining, waiting, under_way)  # to those that a former run has left
        while waiting or under_way:
            outcomes: list[tuple[T, Any]] = []
            for connection in self._news(under_way):
                submitted = under_way.pop(connection)
                answer = _receive(connection)
                if answer is not None:
                    self._idle.append(connection)
                    outcomes.append((submitted.task, unpack(answer)))
                elif submitted.tries < _TRIES:
                    waiting.append(_Submitted(submitted.task, submitted.call, submitted.tries + 1))
                else:
                    lost = WorkerDiedError(f"its Slurm worker was lost {_TRIES} times; see the logs in {self._folder}")
                    outcomes.append((submitted.task, lost))
            # Before the caller has his turn, who may take his time.
            self._hand_out(function, remaining, waiting, under_way)
            yield from outcomes

    def _hand_out(
        self,
        function: Callable[[T], R],
        remaining: Iterator[T],
        waiting: deque[_Submitted[T]],
        under_way: dict[Connection, _Submitted[T]],
    ) -> None:
        """Give each idle worker a task, if there is one."""
        while self._idle:
            if not waiting:
                waiting.extend(_Submitted(task, pack(function, task)) for task in islice(remaining, 1))
            if not waiting:
                return
            connection = self._idle.pop()
            if _send(connection, pickle.dumps((waiting[0].call, self._timeout))):
                under_way[connection] = waiting.popleft()

    def _news(self, under_way: Mapping[Connection, Any]) -> list[Connection]:
        """Wait until something happens; returns the busy workers that sent something, or are lost."""
        server = self._server
        if server is None:
            raise RuntimeError("the executor was closed while it ran")
        known = [*self._idle, *under_way]
        ready = wait([server, *known], None if known else _LOOK)
        for connection in [connection for connection in self._idle if connection in ready]:
            self._idle.remove(connection)  # it has nothing to say: it is lost
            connection.close()
        if server in ready and (caller := _accept(server, self._key)) is not None:
            self._idle.append(caller)
        if not ready:
            self._look_at_queue()
        return [connection for connection in under_way if connection in ready]

    def _submit(self) -> None:
        """Submit the array, once."""
        if self._job:
            return
        if self._server is None:
            self._server = socket.create_server(("", 0), backlog=self._workers)
        worker = NodeWorker((socket.gethostname(), self._server.getsockname()[1]), self._key)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)  # the key is in it
        submitit = require("submitit")
        try:
            executor = submitit.SlurmExecutor(self._folder, max_num_timeout=_REQUEUES)
            executor.update_parameters(
                job_name="pase",
                time=self._minutes,
                cpus_per_task=1,
                array_parallelism=self._workers,
                stderr_to_stdout=True,
                additional_parameters={"requeue": True, **self._options},
            )
            with _clean_environment(), executor.batch():
                jobs = [executor.submit(worker) for _ in range(self._workers)]
        except RuntimeError as error:  # submitit's own errors, too
            options = " ".join(f"{name}={value}" for name, value in self._options.items()) or "none"
            raise InputError(
                f"Slurm takes no array of {self._workers} workers (options: {options}; {self._minutes} minutes): "
                f"{error}. Is sbatch there, and does the cluster want a partition or an account?"
            ) from error
        self._job = str(jobs[0].job_id).partition("_")[0]

    def _look_at_queue(self) -> None:
        """While there is no worker: say what is waited for, or that nothing is left to wait for.

        Raises:
            PaseError: All of them have ended.
        """
        command = ["squeue", "--noheader", "--array", "--states=all", "--format=%T (%r)", f"--jobs={self._job}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and "Invalid job id" not in done.stderr:
            return  # the controller is busy, or is started again
        states = sorted(set(done.stdout.split("\n")) - {""})
        if all(state.startswith(_ENDED) for state in states):
            raise PaseError(
                f"all workers of the Slurm job {self._job} have ended: {', '.join(states) or 'it is forgotten'}. The "
                f"logs are in {self._folder}; one ends so:\n{self._last_lines()}\nMend that, and run again."
            )
        told = f"waiting for workers, Slurm job {self._job}: {', '.join(states)}"
        if told != self._told:
            print(told, file=sys.stderr, flush=True)
            self._told = told

    def _last_lines(self, count: int = 10) -> str:
        logs = sorted(self._folder.glob(f"{self._job}_*_log.out"), key=lambda path: path.stat().st_mtime)
        return "\n".join(logs[-1].read_text(errors="replace").splitlines()[-count:]) if logs else "(no log)"


@contextmanager
def _clean_environment() -> Iterator[None]:
    """Without what the job has asked for that this may run in; but where Slurm is, the workers shall know too."""
    place = os.environ.get("SLURM_CONF")
    with require("submitit.helpers").clean_env():
        if place is not None:
            os.environ["SLURM_CONF"] = place
        yield


def _minutes(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"the time of Slurm workers is {text!r}; it must be a whole number of minutes")
    return int(text)


def _accept(server: socket.socket, key: bytes) -> Connection | None:
    """The next caller, if it proves to be ours in time."""
    caller, _ = server.accept()
    connection = Connection(caller.detach())
    try:
        _limit_waiting(connection, _HANDSHAKE)
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
        _limit_waiting(connection, 0)
        keep_alive(connection)
    except (OSError, EOFError, multiprocessing.AuthenticationError):
        connection.close()
        return None
    return connection


def _limit_waiting(connection: Connection, seconds: int) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))


def _send(connection: Connection, message: bytes) -> bool:
    """Whether it could be sent."""
    try:
        connection.send_bytes(message)
    except OSError:
        connection.close()
        return False
    return True


def _receive(connection: Connection) -> bytes | None:
    """What a worker sends; None if it is lost."""
    try:
        return connection.recv_bytes()
    except (EOFError, OSError):
        connection.close()
        return None
