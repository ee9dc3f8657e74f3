"""Running one function over many tasks with Ray, on one machine or on several."""

import functools
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pase.errors import InputError
from pase.execution.base import WorkerDiedError, usable_cpus
from pase.execution.calls import pack, unpack, work
from pase.execution.local import LocalExecutor
from pase.extras import require

T = TypeVar("T")
R = TypeVar("R")

_TRIES = 3  # a machine may be taken away, or be short of memory for what others do on it
_STORE = 256 * 1024**2  # bytes of shared memory; values are small, and Ray's own choice is a third of all memory


@dataclass(frozen=True, slots=True)
class _Submitted(Generic[T]):
    task: T
    call: bytes
    tries: int


class RayExecutor:
    """Ray tasks of one processor each.

    On several machines each needs the same version of this package, and the folders that the tasks read and write
    under the same paths: the videos and the work folder lie on a file system that all share. Ray that is running in
    this process already is used, whatever the address, and left running.

    Each Ray worker hands its tasks on to a process of its own, by `LocalExecutor`, so that what kills or stops that one
    is known, and does not cost the start of a Ray worker. A task whose process dies is tried once more; one whose Ray
    worker or machine is lost, three times in all; one that runs out of time is not tried again.

    Args:
        address: ``"auto"`` for the Ray cluster that this machine belongs to, ``"ray://HOST:10001"`` for one elsewhere,
            None for a Ray of its own on this machine, which takes some 15 s to start.
        workers: Tasks under way at once; all processors if None.
        timeout: Seconds that a task may take from when a worker begins it; no limit if None.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: At first use: no cluster lets us in at the address.
        ValueError: No workers, or no time at all.
    """

    def __init__(self, address: str | None = None, workers: int | None = None, timeout: float | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers is {workers}; it must be positive, or None for all processors")
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout is {timeout} s; it must be positive, or None for no limit")
        self._ray = require("ray")
        self._address = address
        self._workers = workers
        self._timeout = timeout
        self._started = False
        self._remote = self._ray.remote(num_cpus=1, max_retries=0)(_work)
        errors = require("ray.exceptions")
        self._unauthorized = errors.AuthenticationError
        self._losses = (
            errors.WorkerCrashedError,
            errors.OutOfMemoryError,
            errors.NodeDiedError,
            errors.ObjectLostError,  # the machine was lost after the task was done
        )

    @property
    def workers(self) -> int:
        """Number of tasks that are under way at once; connects to Ray where that is for the cluster to say."""
        if self._workers is not None:
            return self._workers
        self._connect()
        return max(int(self._ray.cluster_resources().get("CPU", 1)), 1)

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._ray.shutdown()
            self._started = False

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        quiet = {"log_to_driver": False, "logging_level": "error"}
        if self._address is not None:
            self._join(self._address, **quiet)
        else:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            self._ray.init(
                "local",
                num_cpus=self._workers or usable_cpus(),
                include_dashboard=False,
                object_store_memory=_STORE,
                **quiet,
            )
        self._started = True

    def _join(self, address: str, **quiet: Any) -> None:
        try:
            self._ray.init(address, **quiet)
        except (ConnectionError, self._unauthorized) as error:
            raise InputError(
                f"no Ray cluster lets us in at {address}: {error}\nIs it running (`ray start --head`), and does it "
                "want a token (RAY_AUTH_MODE=token and RAY_AUTH_TOKEN in the environment here as there)?"
            ) from error

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
        """Call a function for each task; see `pase.execution.base.Executor.run`."""
        self._connect()
        under_way: dict[Any, _Submitted[T]] = {}
        try:
            yield from self._share(function, iter(tasks), under_way)
        finally:
            for reference in under_way:
                self._ray.cancel(reference, force=True)

    def _share(
        self, function: Callable[[T], R], tasks: Iterator[T], under_way: dict[Any, _Submitted[T]]
    ) -> Iterator[tuple[T, R | BaseException]]:
        limit = self.workers
        self._feed(function, tasks, limit, under_way)
        while under_way:
            [done], _ = self._ray.wait(list(under_way), num_returns=1)
            submitted = under_way.pop(done)
            try:
                outcome = unpack(self._ray.get(done))
            except self._losses as error:
                if submitted.tries < _TRIES:
                    self._submit(submitted.task, submitted.call, submitted.tries + 1, under_way)
                    continue
                outcome = WorkerDiedError(f"its Ray worker was lost {submitted.tries} times, in the end: {error}")
            self._feed(function, tasks, limit, under_way)  # before the caller has his turn, who may take his time
            yield submitted.task, outcome

    def _feed(
        self, function: Callable[[T], R], tasks: Iterator[T], limit: int, under_way: dict[Any, _Submitted[T]]
    ) -> None:
        for task in islice(tasks, limit - len(under_way)):
            self._submit(task, pack(function, task), 1, under_way)

    def _submit(self, task: T, call: bytes, tries: int, under_way: dict[Any, _Submitted[T]]) -> None:
        reference = self._remote.remote(call, self._timeout)
        under_way[reference] = _Submitted(task, call, tries)


def _work(call: bytes, timeout: float | None) -> bytes:
    """The Ray task."""
    [(_, answer)] = _process(timeout).run(work, [call])
    return answer if isinstance(answer, bytes) else pickle.dumps(answer)


@functools.cache
def _process(timeout: float | None) -> LocalExecutor:
    """The process that does the work of this Ray worker."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # Ray ignores it, and then no process learns how its child ended
    return LocalExecutor(1, timeout)
