"""Whose code a file may name: the project's own, and what the user allows.

Nothing that a file says can add to this: a config, a plan or a checkpoint may come from a stranger.
"""

import os
import re

from pase.errors import InputError

ALLOW_VARIABLE = "PASE_ALLOW_CLASSES"
"""Environment variable with further packages, modules or classes that files may name, separated by commas."""

OWN = ("pase", "pase_adapters")

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def allowed_by_user() -> tuple[str, ...]:
    """The names in `ALLOW_VARIABLE`.

    Raises:
        InputError: It holds something else.
    """
    text = os.environ.get(ALLOW_VARIABLE, "")
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        raise InputError(
            f"{ALLOW_VARIABLE} is {text!r}: {wrong[0]!r} is no package, module or class by its dotted name"
        )
    return names


def may_be_named(path: str) -> bool:
    """Whether a file may name a module, class or function: it, or what it lies in, is our own or allowed by the user.

    Raises:
        InputError: `ALLOW_VARIABLE` holds no names.
    """
    return any(f"{path}.".startswith(f"{name}.") for name in (*OWN, *allowed_by_user()))
