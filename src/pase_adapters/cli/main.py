"""Which of the `pase-adapt` commands is meant."""

import importlib
import sys
from collections.abc import Sequence

from pase.errors import PaseError

_COMMANDS = {
    "doctor": ("pase_adapters.cli.doctor", "run"),
    "run": ("pase_adapters.cli.run", "run"),
    "subject": ("pase_adapters.cli.reference", "run_subject"),
    "train": ("pase_adapters.cli.reference", "run_train"),
    "render": ("pase_adapters.cli.reference", "run_render"),
}
"""Words that name a command: the module and its function. Without one of them a file is written."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `pase-adapt`; return its exit status: 0 done, 1 refused with a message, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    named = _COMMANDS.get(given[0]) if given else None
    module, function = named or ("pase_adapters.cli.adapt", "run")
    try:
        status: int = getattr(importlib.import_module(module), function)(given[1:] if named else given)
    except PaseError as error:
        print(f"pase-adapt: error: {error}", file=sys.stderr)
        return 1
    return status
