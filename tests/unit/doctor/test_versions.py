import sys
from dataclasses import replace
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pase.doctor import versions
from pase.doctor.check import Result, Status
from pase.doctor.needs import Needs
from pase.doctor.versions import check_extras, check_libraries, check_loading, check_python

NEEDS = Needs(
    python=SpecifierSet(">=3.11"),
    tested_pythons=("3.11", "3.12"),
    core=(Requirement("torch>=2.11,<2.15"),),
    extras={
        "faces": (Requirement("mediapipe>=0.10"),),
        "onnx": (Requirement("onnx>=1.18"), Requirement("onnxruntime")),
    },
    tested={"torch": Version("2.14.1"), "mediapipe": Version("1.2.2"), "onnx": Version("1.23.0")},
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is installed, which a test may change."""
    there = {"torch": "2.14.1+cu130", "mediapipe": "1.2.2", "onnx": "1.23.2", "onnxruntime": "1.32.0"}

    def version(name: str) -> str:
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(versions, "read_needs", lambda: NEEDS)
    monkeypatch.setattr(metadata, "version", version)
    return there


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("running", "status"),
    [((3, 10, 9), Status.PROBLEM), ((3, 11, 0), Status.OK), ((3, 12, 4), Status.OK), ((3, 14, 0), Status.WARNING)],
)
def test_python(running: tuple[int, int, int], status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (*running, "final", 0))
    [result] = check_python()
    assert result.status is status
    assert ".".join(map(str, running)) in result.found
    assert ("3.11, 3.12" in result.advice) == (status is not Status.OK)


@pytest.mark.parametrize(
    ("version", "status", "told"),
    [
        ("2.14.1+cu130", Status.OK, "tested with 2.14.1"),
        ("2.14.9", Status.OK, "tested with 2.14.1"),
        ("2.11.0", Status.OK, "tested with 2.14.1"),
        ("2.10.0", Status.PROBLEM, "pip install 'torch<2.15,>=2.11'"),
        ("2.15.0", Status.PROBLEM, "pip install 'torch<2.15,>=2.11'"),
        (None, Status.PROBLEM, "not installed"),
    ],
)
def test_library(version: str | None, status: Status, told: str, installed: dict[str, str]) -> None:
    if version is None:
        del installed["torch"]
    else:
        installed["torch"] = version
    [result] = check_libraries()
    assert (result.name, result.status) == ("library torch", status)
    assert told in f"{result.found} {result.advice}"


def test_library_newer_than_tested(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "read_needs", lambda: replace(NEEDS, core=(Requirement("onnx"),)))
    installed["onnx"] = "1.24.0"
    [result] = check_libraries()
    assert result.status is Status.WARNING
    assert "pip install 'onnx==1.23.0'" in result.advice


@pytest.mark.usefixtures("installed")
def test_library_without_a_tested_version_is_held_to_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "read_needs", lambda: replace(NEEDS, tested={}))
    [result] = check_libraries()
    assert (result.status, result.found) == (Status.OK, "2.14.1+cu130, within <2.15,>=2.11")


def by_name(results: list[Result]) -> dict[str, Result]:
    return {result.name: result for result in results}


def test_extras(installed: dict[str, str]) -> None:
    assert {result.status for result in check_extras()} == {Status.OK}
    del installed["onnxruntime"]
    installed["mediapipe"] = "0.9"
    found = by_name(list(check_extras()))
    assert found["extra onnx"].status is Status.WARNING
    assert "onnxruntime" in found["extra onnx"].found
    assert "pip install 'pase-av[onnx]'" in found["extra onnx"].advice
    assert found["extra faces"].status is Status.PROBLEM
    assert "pip install 'mediapipe>=0.10'" in found["extra faces"].advice


def test_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_LOADED", ("json", "numpy"))
    [result] = check_loading()
    assert (result.status, result.found) == (Status.OK, "json, numpy load")


@pytest.mark.parametrize("error", [RuntimeError("operator torchvision::nms does not exist"), OSError("libcudart.so")])
def test_library_that_does_not_load(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(module: str) -> None:
        if module == "torchvision":
            raise error

    monkeypatch.setattr(versions, "import_module", load)
    [result] = check_loading()
    assert (result.name, result.status) == ("loading torchvision", Status.PROBLEM)
    assert str(error) in result.found
    assert "from one index" in result.advice
