"""YAML from anyone: plain values, and no more of them than were written down."""

from pathlib import Path
from typing import Any

import yaml

from pase.errors import InputError

MOST_VALUES = 100_000
"""Names and values of a file, each counted as often as it is referred to; configs have hundreds."""

DEEPEST = 100
"""Lists and mappings within each other."""


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        InputError: It is absent, no YAML, or would become more than `MOST_VALUES`.
    """
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as YAML: {error}") from error


def load_yaml(text: str) -> Any:
    """The values in a text.

    Raises:
        yaml.YAMLError: It is no YAML, or `check_size` refuses it.
    """
    check_size(text)
    return yaml.safe_load(text)


def check_size(text: str) -> None:
    """Refuse a text whose references to its own parts multiply.

    Ten lines of ten references each, every line to the one before, are ten thousand million values as soon as they
    are copied. Deep nesting is refused here, too: libyaml's composer works by recursion and takes the process down.

    Raises:
        yaml.YAMLError: It would become more than `MOST_VALUES`, is nested more than `DEEPEST`, or holds a part of
            itself; or it is no YAML.
    """
    anchored: dict[str, int] = {}
    left: list[tuple[str | None, int]] = [(None, 0)]  # anchor and count of what has begun, the whole first
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            left.append((event.anchor, 1))
            if len(left) > DEEPEST:
                raise yaml.YAMLError(f"it is nested more than {DEEPEST} times")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, count = left.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, count = event.anchor, 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in [begun for begun, _ in left]:
                raise yaml.YAMLError(f"its part &{event.anchor} holds itself")
            anchor, count = None, anchored.get(event.anchor, 1)
        else:
            continue
        if anchor is not None:
            anchored[anchor] = count
        left[-1] = (left[-1][0], left[-1][1] + count)
    if (count := left[0][1]) > MOST_VALUES:
        raise yaml.YAMLError(
            f"with its references to its own parts it has {count} values; at most {MOST_VALUES} may be"
        )
