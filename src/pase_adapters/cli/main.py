"""Which of the `pase-adapt` commands is meant."""

import importlib
import sys
from collections.abc import Sequence

from pase.errors import PaseError

_COMMANDS = {"doctor": "pase_adapters.cli.doctor", "run": "pase_adapters.cli.run"}
"""Words that name a command; each module has a `run` of its own. Without one of them a file is written."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `pase-adapt`; return its exit status: 0 done, 1 refused with a message, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    module = _COMMANDS.get(given[0]) if given else None
    try:
        status: int = importlib.import_module(module or "pase_adapters.cli.adapt").run(given[1:] if module else given)
    except PaseError as error:
        print(f"pase-adapt: error: {error}", file=sys.stderr)
        return 1
    return status
