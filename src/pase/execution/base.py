"""What every place that work runs in offers: one function over many tasks, whatever happens to the workers."""

import os
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeVar

from pase.errors import PaseError

T = TypeVar("T")
R = TypeVar("R")


class WorkerDiedError(Exception):
    """The process that worked on a task was killed or crashed, again when the task was tried another time."""


class TaskTimeoutError(Exception):
    """A task took longer than allowed, and its process was killed."""


class Executor(Protocol):
    """Runs functions over tasks. As a context manager it keeps its workers from one `run` to the next."""

    @property
    def workers(self) -> int:
        """Number of tasks that are under way at once; 0 where they run in the calling process."""
        ...

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
        """Call a function for each task.

        Tasks are taken from the iterable only when a worker is free for them, so that there may be any number. A task
        whose worker dies may have been begun more than once. Closing the iterator abandons what is under way.

        Args:
            function: Importable by name in a worker. It is sent anew with each task: what shall outlive one, a loaded
                model for example, belongs into the function's module.
            tasks: Its arguments. They, the function and its values can be pickled.

        Yields:
            Each task once, in the order of completion, with the function's value or the exception that it raised, or
            `WorkerDiedError` or `TaskTimeoutError`.

        Raises:
            RuntimeError: No worker can be started, or the executor takes one run at a time and the iterator of a former
                one is neither exhausted nor closed.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def unless_failed(result: R | BaseException, failure: str) -> R:
    """A result of `Executor.run`, where a task that fails is a reason to stop.

    Args:
        result: The function's value or what went wrong.
        failure: What could not be done, for the message.

    Raises:
        PaseError: A dying or hanging worker, or an error that was not foreseen; one that was is passed on.
    """
    if isinstance(result, PaseError) or (isinstance(result, BaseException) and not isinstance(result, Exception)):
        raise result
    if isinstance(result, Exception):
        raise PaseError(f"{failure}: {result}. Run again.") from result
    return result


def usable_cpus() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # absent from macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
