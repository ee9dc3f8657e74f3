"""A call that crosses to another process, and what comes back of it."""

import pickle
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

SINGLE_THREADED = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of a worker: there is one for each processor already. Libraries read it when they are first imported."""


def attempt(function: Callable[[T], R], task: T) -> R | Exception:
    """Call, and give the exception back as a value."""
    try:
        return function(task)
    except Exception as error:  # noqa: BLE001 - the caller gets it
        return error


def pack(function: Callable[[T], R], task: T) -> bytes:
    """The call as bytes for `work`."""
    return pickle.dumps((function, task))


def work(call: bytes) -> bytes:
    """Do a packed call, in the worker.

    Returns:
        The pickled value, or the pickled exception with the worker's traceback as a note.
    """
    try:
        function, task = pickle.loads(call)  # noqa: S301 - the parent process wrote it
        return pickle.dumps(function(task))
    except Exception as error:  # noqa: BLE001 - the caller gets it
        error.add_note("In the worker: " + "".join(traceback.format_exception(error)))
        return _pickled(error)


def unpack(answer: bytes) -> Any:
    """What the call came to, in the process that packed it."""
    return pickle.loads(answer)  # noqa: S301 - our own worker wrote it


def _pickled(error: Exception) -> bytes:
    """The exception, or a stand-in where its class cannot be pickled and made again."""
    try:
        answer = pickle.dumps(error)
        pickle.loads(answer)  # noqa: S301 - written one line above
    except Exception:  # noqa: BLE001 - whatever a class does when it is made without its arguments
        substitute = RuntimeError(f"{type(error).__name__}: {error}")
        substitute.add_note("".join(error.__notes__))
        return pickle.dumps(substitute)
    return answer
