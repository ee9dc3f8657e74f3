"""Writes the file of tested versions: ``python -m pase.doctor.constraints > constraints.txt`` in the checkout.

It lists what is installed of all that PASE and its extras `all` and `dev` need, directly or not, and nothing else that
the environment may hold.
"""

import platform
import tomllib
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pase.errors import InputError

EXTRAS = frozenset({"all", "dev"})

Look = Callable[[str], tuple[str, Iterable[str]]]
"""From a package's name to its installed version and its requirements, as the metadata spell them."""


def constraints(pyproject: Path, look: Look | None = None) -> dict[str, str]:
    """Versions by canonical name, sorted by it.

    Args:
        pyproject: The project's ``pyproject.toml``. The checkout's, not the metadata of an earlier installation.
        look: Where versions and requirements come from; None: this environment.

    Raises:
        InputError: Something that is needed is not installed.
    """
    look = look or _installed
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    own = canonicalize_name(project["name"])
    optional = project["optional-dependencies"]
    todo = [(Requirement(text), frozenset[str]()) for text in project["dependencies"]]
    todo += [(Requirement(text), frozenset[str]()) for extra in EXTRAS for text in optional[extra]]
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement, asked = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if not _holds(requirement, asked) or (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name == own:
            todo += [(Requirement(text), frozenset[str]()) for extra in extras for text in optional[extra]]
            continue
        version, texts = look(name)
        found[name] = Version(version).public  # the builds of one version for different CUDAs differ in its local part
        todo += [(Requirement(text), extras) for text in texts]
    return dict(sorted(found.items()))


def _holds(requirement: Requirement, asked: frozenset[str]) -> bool:
    """Whether it applies to this machine and to what was asked for of the package that requires it."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in asked | {""})


def _installed(name: str) -> tuple[str, Iterable[str]]:
    try:
        told = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise InputError(f"{name} is needed and not installed: make install") from error
    return told.version, told.requires or ()


def to_text(versions: dict[str, str]) -> str:
    """The file's content."""
    system = f"Python {'.'.join(platform.python_version_tuple()[:2])} on {platform.system()} {platform.machine()}"
    head = (
        f"# Versions that the tests passed with, {system}. Made by: make constraints\n"
        "# The same environment again: pip install --constraint constraints.txt '.[all,dev]'\n"
    )
    return head + "".join(f"{name}=={version}\n" for name, version in versions.items())


if __name__ == "__main__":
    print(to_text(constraints(Path("pyproject.toml"))), end="")
