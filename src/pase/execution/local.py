"""Running one function over many tasks in local processes that may die or hang."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from pase.execution.base import WorkerDiedError
from pase.execution.calls import attempt
from pase.execution.process import Worker, wait_for_any

T = TypeVar("T")
R = TypeVar("R")


class LocalExecutor:
    """Worker processes of this machine.

    When a worker dies, its task is tried once more, alone, for the memory may have been used up by its neighbours; the
    other tasks go on. A task that runs out of time is not tried again.

    Args:
        workers: Number of processes, started when there is a task for them; 0 calls the function in this process.
        timeout: Seconds that a task may take; no limit if None, and none in this process, where nothing can be stopped.

    Raises:
        ValueError: A negative number of workers, or no time at all.
    """

    def __init__(self, workers: int, timeout: float | None = None) -> None:
        if workers < 0:
            raise ValueError(f"workers is {workers}; it must be 0 (this process) or positive")
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout is {timeout} s; it must be positive, or None for no limit")
        self._workers = workers
        self._timeout = timeout
        self._crew: list[Worker] = []

    @property
    def workers(self) -> int:
        """Number of processes at most; 0: everything in this one."""
        return self._workers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss(self._crew)

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
        """Call a function for each task; see `pase.execution.base.Executor.run`."""
        if self._workers == 0:
            return ((task, attempt(function, task)) for task in tasks)
        return self._run(function, iter(tasks))

    def _run(self, function: Callable[[T], R], tasks: Iterator[T]) -> Iterator[tuple[T, R | BaseException]]:
        suspects: list[T] | None = None
        while suspects is None or suspects:
            suspects = []
            for task, outcome in self._share(function, tasks, self._workers):
                if isinstance(outcome, WorkerDiedError):
                    suspects.append(task)
                else:
                    yield task, outcome
            for task in suspects:
                yield from self._share(function, iter([task]), 1)

    def _share(
        self, function: Callable[[T], R], tasks: Iterator[T], limit: int
    ) -> Iterator[tuple[T, R | BaseException]]:
        """Share tasks out until there are none, or until as many workers as may be under way have died."""
        if any(worker.busy for worker in self._crew):
            raise RuntimeError("the results of a former run were not all taken: exhaust or close its iterator first")
        under_way: dict[Worker, T] = {}
        deaths = 0
        try:
            self._feed(function, tasks, limit, under_way)
            while under_way:
                outcomes = [(under_way.pop(worker), worker.outcome) for worker in wait_for_any(under_way)]
                deaths += sum(isinstance(outcome, WorkerDiedError) for _, outcome in outcomes)
                if deaths < limit:  # before the caller has his turn, who may take his time
                    self._feed(function, tasks, limit, under_way)
                yield from outcomes
        finally:
            self._dismiss(list(under_way))

    def _feed(self, function: Callable[[T], R], tasks: Iterator[T], limit: int, under_way: dict[Worker, T]) -> None:
        for task in islice(tasks, limit - len(under_way)):
            worker = self._idle_worker()
            under_way[worker] = task
            worker.begin(function, task, self._timeout)

    def _idle_worker(self) -> Worker:
        self._crew = [worker for worker in self._crew if not worker.stopped]
        for worker in self._crew:
            if not worker.busy:
                return worker
        self._crew.append(Worker())
        return self._crew[-1]

    def _dismiss(self, workers: list[Worker]) -> None:
        for worker in workers:
            worker.stop()
        self._crew = [worker for worker in self._crew if not worker.stopped]
