"""What is behind errors that torch raises in the middle of a training, in words that tell what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pase.errors import PaseError

_GO_ON = "go on from the last checkpoint: --ckpt_path last."

_KNOWN = (
    (
        re.compile(r"DataLoader worker .*(exited unexpectedly|is killed by signal)", re.DOTALL),
        "a loader process has died, most often because memory ran out. Use fewer --data.workers, or none of "
        f"--data.keep_in_memory, and {_GO_ON}",
    ),
    (
        re.compile(r"(Connection (reset|closed) by peer|Broken pipe|gloo|NCCL|ncclRemoteError|Socket Timeout)"),
        f"another rank has gone, or cannot be reached. What happened to it stands in its own output; {_GO_ON}",
    ),
    (re.compile(r"CUDA out of memory"), f"the GPU's memory is full. Lower --data.batch_size and {_GO_ON}"),
)


class TrainingStoppedError(PaseError):
    """A training has ended by something from outside of it."""


@contextmanager
def explained() -> Iterator[None]:
    """Within it, known errors of torch become ones that tell what to do.

    Raises:
        TrainingStoppedError: Instead of a `RuntimeError` whose cause is known.
    """
    try:
        yield
    except RuntimeError as error:
        for pattern, told in _KNOWN:
            if pattern.search(str(error)):
                reason = str(error).strip().splitlines()[0]
                raise TrainingStoppedError(f"{told} ({reason})") from error
        raise
