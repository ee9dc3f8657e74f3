"""Running one function over many tasks in local processes that may die."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerDiedError(Exception):
    """The process that worked on a task was killed or crashed, also when it had the task alone."""


def run_tasks(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Iterator[tuple[T, R | BaseException]]:
    """Call a function for each task, in processes.

    When a worker dies, the tasks that were under way are tried again one by one, each in a process of its own, and the
    rest goes on in new workers.

    Args:
        function: Importable by name; it and the tasks can be pickled.
        tasks: Its arguments.
        workers: Number of processes; 0 calls the function right here, and lets its exceptions through.

    Yields:
        Each task once, in the order of completion, with the function's value or the exception that it raised.
    """
    if workers == 0:
        yield from ((task, function(task)) for task in tasks)
        return
    waiting = list(reversed(tasks))
    while waiting:
        suspects: list[T] = []
        for task, outcome in _run_pool(function, waiting, workers):
            if isinstance(outcome, BrokenProcessPool):
                suspects.append(task)
            else:
                yield task, outcome
        for task in suspects:
            for _, outcome in _run_pool(function, [task], 1):
                died = isinstance(outcome, BrokenProcessPool)
                yield task, WorkerDiedError("its process was killed or crashed") if died else outcome


def _run_pool(function: Callable[[T], R], waiting: list[T], workers: int) -> Iterator[tuple[T, R | BaseException]]:
    """Take tasks off the end of `waiting` until it is empty or a worker dies; never more under way than workers."""
    context = multiprocessing.get_context("spawn")  # forked copies of FFmpeg's and MediaPipe's threads hang
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    running: dict[Future[R], T] = {}
    broken = False
    try:
        while running or (waiting and not broken):
            while waiting and not broken and len(running) < workers:
                try:
                    running[pool.submit(function, waiting[-1])] = waiting[-1]
                except BrokenProcessPool:
                    broken = True
                else:
                    waiting.pop()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                broken = broken or isinstance(error, BrokenProcessPool)
                yield running.pop(future), future.result() if error is None else error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """One thread per library, and no survivors when the parent is killed."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
