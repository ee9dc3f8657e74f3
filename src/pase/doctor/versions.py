"""Are Python and the libraries there, in versions that were tested?"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pase.doctor.check import Result, Status
from pase.doctor.needs import DISTRIBUTION, Needs, read_needs

_LOADED = ("numpy", "torch", "torchvision", "torchaudio", "lightning.pytorch", "av", "safetensors.torch")
"""Modules with compiled parts, which can be installed and yet not load."""

_TORCH_FAMILY = (
    "install torch, torchvision and torchaudio together and from one index: builds for the CPU and for different "
    "versions of CUDA do not mix"
)


def check_python() -> Iterator[Result]:
    """The running Python against the metadata's bounds and classifiers."""
    needs = read_needs()
    running = ".".join(map(str, sys.version_info[:3]))
    tested = ", ".join(needs.tested_pythons)
    found = f"{running}; PASE needs {needs.python}, tested with {tested}"
    if not needs.python.contains(running, prereleases=True):
        yield Result("Python", Status.PROBLEM, found, f"make an environment with one of Python {tested}")
    elif ".".join(running.split(".")[:2]) not in needs.tested_pythons:
        yield Result("Python", Status.WARNING, found, f"should something fail, use one of Python {tested}")
    else:
        yield Result("Python", Status.OK, found)


def check_libraries() -> Iterator[Result]:
    """Each package that PASE cannot do without."""
    needs = read_needs()
    for requirement in needs.core:
        yield _library(f"library {requirement.name}", requirement, needs.tested)


def check_loading() -> Iterator[Result]:
    """Load libraries with compiled parts, of which a version number says nothing."""
    failed = False
    for module in _LOADED:
        try:
            import_module(module)
        except Exception as error:  # noqa: BLE001  # a broken build may raise anything
            failed = True
            advice = _TORCH_FAMILY if module.startswith(("torch", "lightning")) else f"reinstall {module.split('.')[0]}"
            yield Result(f"loading {module}", Status.PROBLEM, f"{type(error).__name__}: {error}", advice)
    if not failed:
        yield Result("loading libraries", Status.OK, f"{', '.join(_LOADED)} load")


def check_extras() -> Iterator[Result]:
    """Each optional extra: all of it there, or how to have it."""
    needs = read_needs()
    for extra in needs.extras:
        yield _extra(extra, needs)


def _extra(extra: str, needs: Needs) -> Result:
    name, install = f"extra {extra}", f"pip install '{DISTRIBUTION}[{extra}]'"
    requirements = needs.extras[extra]
    missing = [requirement.name for requirement in requirements if installed(requirement.name) is None]
    if missing:
        return Result(name, Status.WARNING, f"not installed: {', '.join(missing)}", f"if you want it: {install}")
    results = [_library(name, requirement, needs.tested) for requirement in requirements]
    worst = next((r for status in (Status.PROBLEM, Status.WARNING) for r in results if r.status is status), None)
    if worst is None:
        return Result(name, Status.OK, "; ".join(_named(requirement, needs.tested) for requirement in requirements))
    found = "; ".join(
        f"{requirement.name} {result.found}" for requirement, result in zip(requirements, results, strict=True)
    )
    return Result(name, worst.status, found, worst.advice)


def _named(requirement: Requirement, tested: Mapping[str, Version]) -> str:
    return f"{requirement.name} {_library('', requirement, tested).found}"


def _library(name: str, requirement: Requirement, tested: Mapping[str, Version]) -> Result:
    """One package against its bounds and the version that was tested.

    A newer minor version than the tested one is worth a warning; older ones are within the bounds, which were chosen.
    """
    version = installed(requirement.name)
    if version is None:
        return Result(name, Status.PROBLEM, "not installed", f"pip install '{_plain(requirement)}'")
    if not requirement.specifier.contains(version, prereleases=True):
        found = f"{version}, but PASE needs {requirement.specifier}"
        return Result(name, Status.PROBLEM, found, f"pip install '{_plain(requirement)}'")
    known = tested.get(canonicalize_name(requirement.name))
    if known is None:
        return Result(name, Status.OK, f"{version}, within {requirement.specifier}")
    found = f"{version}, tested with {known}"
    if version.release[:2] > known.release[:2]:
        advice = f"newer than tested; should something fail: pip install '{requirement.name}=={known}'"
        return Result(name, Status.WARNING, found, advice)
    return Result(name, Status.OK, found)


def installed(name: str) -> Version | None:
    """The installed version of a package; None: it is not there."""
    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def _plain(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
