"""What is behind errors that torch or the disk raise in the middle of a training, in words that tell what to do."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from pase.errors import PaseError

_GO_ON = "go on from the last checkpoint: --ckpt_path last."

# The first that matches: NCCL also reports with its own words that a GPU's memory is full.
_KNOWN = (
    (
        re.compile(r"DataLoader worker .*(exited unexpectedly|is killed by signal)", re.DOTALL),
        "a loader process has died, most often because memory ran out. Use fewer --data.workers, or none of "
        f"--data.keep_in_memory, and {_GO_ON}",
    ),
    (
        re.compile(r"cuda.*out of memory", re.IGNORECASE),
        f"the GPU's memory is full. Lower --data.batch_size and {_GO_ON}",
    ),
    (
        re.compile(r"DefaultCPUAllocator: .*memory"),
        "the machine's memory is full. Lower --data.batch_size, use fewer --data.workers, or none of "
        f"--data.keep_in_memory, and {_GO_ON}",
    ),
    (
        re.compile(
            r"remote process exited|ncclRemoteError|Connection (was likely )?(closed|reset)|Broken pipe|Socket Timeout"
            r"|Watchdog caught collective operation timeout|Timed out waiting \d+ms for (recv|send)"
        ),
        f"another rank has gone, or cannot be reached. What happened to it stands in its own output; {_GO_ON}",
    ),
    (
        re.compile(r"checkpoint contains only the model"),
        "the checkpoint holds weights alone, and no training can go on from it. Take one that a run has kept whole",
    ),
)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_REASON_LINES = 2
"""Lines of torch's message that are told: NCCL's first one says where, the second one says what."""


class TrainingStoppedError(PaseError):
    """A training has ended by something from outside of it."""


@contextmanager
def explained() -> Iterator[None]:
    """Within it, known errors of torch and of a full disk become ones that tell what to do.

    Raises:
        TrainingStoppedError: Instead of a `RuntimeError` or `KeyError` whose cause is known, or an `OSError` for want
            of room.
        PaseError: The one that ended the training, where the disk was too full to close the logs after it.
    """
    try:
        yield
    except (RuntimeError, KeyError) as error:
        for pattern, told in _KNOWN:
            if pattern.search(str(error)):
                reason = " ".join(str(error).strip().splitlines()[:_REASON_LINES])
                raise TrainingStoppedError(f"{told} ({reason})") from error
        raise
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _before(error) or TrainingStoppedError(
            f"the disk is full, or a quota or size limit is reached. Make room and {_GO_ON} ({error})"
        ) from error


def _before(error: BaseException) -> PaseError | None:
    """The error of ours that was being handled when this one was raised."""
    earlier = error.__context__
    while earlier is not None and not isinstance(earlier, PaseError):
        earlier = earlier.__context__
    return earlier
