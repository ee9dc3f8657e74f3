"""What the installed package says that it needs, and the versions that it was tested with.

Neither is written down here: bounds, extras and versions of Python are the package's own metadata, which come from
``pyproject.toml``; tested versions are those of ``constraints.txt``, of which a wheel carries a copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from pase.errors import InputError, MissingExtraError

DISTRIBUTION = "pase-av"
"""Name by which pip knows the package."""

CONSTRAINTS = "constraints.txt"

_PYTHON_CLASSIFIER = "Programming Language :: Python :: 3."
_NOT_LOOKED_AT = frozenset({"all", "dev"})
"""Extras that are the sum of others, or serve those alone who change PASE."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What PASE needs.

    Attributes:
        python: Versions of Python that it runs on.
        tested_pythons: Minor versions of Python that it was tested with, for example ``"3.11"``.
        core: Packages that must be there.
        extras: Packages of each optional extra, by its name.
        tested: Version of each package that the tests passed with, by canonical name; empty where nobody tells.
    """

    python: SpecifierSet
    tested_pythons: tuple[str, ...]
    core: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    tested: Mapping[str, Version]


def read_needs() -> Needs:
    """Read them from the installed package.

    Raises:
        MissingExtraError: It was not installed, only put on the path.
    """
    try:
        told = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise MissingExtraError(
            f"{DISTRIBUTION} is not installed in this Python, so what it needs is not known: pip install ."
        ) from error
    fields = told.metadata
    requirements = [Requirement(text) for text in told.requires or ()]
    extras = [name for name in fields.get_all("Provides-Extra") or () if name not in _NOT_LOOKED_AT]
    classifiers = fields.get_all("Classifier") or ()
    python = fields["Requires-Python"] if "Requires-Python" in fields else ""  # noqa: SIM401  # it is typed without get
    return Needs(
        python=SpecifierSet(python),
        tested_pythons=tuple(text.rpartition(" ")[2] for text in classifiers if text.startswith(_PYTHON_CLASSIFIER)),
        core=of_extra(requirements, ""),
        extras={extra: _only(requirements, extra) for extra in extras},
        tested=_tested(),
    )


def of_extra(requirements: Sequence[Requirement], extra: str) -> tuple[Requirement, ...]:
    """Those that hold on this machine where `extra` is asked for; an empty one: where none is."""
    return tuple(item for item in requirements if item.marker is None or item.marker.evaluate({"extra": extra}))


def _only(requirements: Sequence[Requirement], extra: str) -> tuple[Requirement, ...]:
    core = of_extra(requirements, "")
    return tuple(item for item in of_extra(requirements, extra) if item not in core)


def _tested() -> dict[str, Version]:
    """From the wheel's copy, else from the checkout that this file lies in."""
    here = Path(__file__)
    for place in (here.with_name(CONSTRAINTS), here.parents[3] / CONSTRAINTS):
        if place.is_file():
            return parse_constraints(place.read_text(encoding="utf-8"))
    return {}


def parse_constraints(text: str) -> dict[str, Version]:
    """Versions by canonical name, from lines ``name==version``; empty lines and comments are passed over.

    Raises:
        InputError: A line is neither.
    """
    versions = {}
    for line in text.splitlines():
        name, found, version = line.partition("#")[0].strip().partition("==")
        if not name:
            continue
        if not found:
            raise InputError(f"{CONSTRAINTS}: {line!r} is no line of the form name==version")
        versions[str(canonicalize_name(name))] = Version(version)
    return versions
