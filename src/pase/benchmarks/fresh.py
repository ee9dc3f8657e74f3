"""Measuring in a process of its own, so that neither threads, caches nor memory are shared."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pase.errors import InputError, MissingExtraError, PaseError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_ABSENT = 3
"""Exit status of a worker that lacks a package."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker found.

    Attributes:
        values: Fields of what it measured.
        seconds: Of the whole process by the clock, from its start to its end.
    """

    values: dict[str, Any]
    seconds: float


def ask(module: str, arguments: Sequence[str], threads: int, what: str) -> Answer:
    """Let ``python -m module`` measure, on so many cores.

    Raises:
        MissingExtraError: It lacks an optional package.
        InputError: It failed; the message names `what` and the reason.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode == 0:
        return Answer(json.loads(done.stdout.splitlines()[-1]), seconds)
    last = (done.stderr.strip().splitlines()[-1:] or ["no message"])[0].removeprefix("error: ")
    if done.returncode == _ABSENT:
        raise MissingExtraError(last)
    raise InputError(f"{what} could not be measured: {last}")


def answer(measure: Callable[[], "DataclassInstance"], threads: int) -> int:
    """The worker's part of `ask`: stay on so many cores, measure, print; returns the exit status."""
    if hasattr(os, "sched_setaffinity"):  # some engines start a thread for every core that they may use
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        print(json.dumps(asdict(measure())))
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return _ABSENT if isinstance(error, MissingExtraError) else 1
    return 0
