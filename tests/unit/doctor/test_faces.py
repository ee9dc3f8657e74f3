import importlib.util
import urllib.request
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pase.doctor import faces as doctor
from pase.doctor.check import Check, Result, Status
from pase.doctor.faces import check_mediapipe, check_model
from pase.video import faces
from pase.video.face_model import MODEL_VARIABLE, cache_folder, local_model


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError("the doctor downloads nothing")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(doctor, "find_spec", lambda name: importlib.util.find_spec("json"))  # as if it were installed


def write_model(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("face_detector.tflite", b"weights")
    return path


def model() -> Result:
    [result] = Check("face landmark model", check_model).run()
    return result


def mediapipe() -> Result:
    [result] = Check("MediaPipe", check_mediapipe).run()
    return result


def test_no_model() -> None:
    result = model()
    assert result.status is Status.WARNING
    assert MODEL_VARIABLE in result.advice
    assert local_model() is None


def test_model_in_the_cache_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = write_model(cache_folder() / "face_landmarker.task")
    assert (model().status, model().found) == (Status.OK, f"{cached} (by the user's cache)")
    named = write_model(tmp_path / "named.task")
    monkeypatch.setenv(MODEL_VARIABLE, str(named))
    assert (model().status, model().found) == (Status.OK, f"{named} (by {MODEL_VARIABLE})")


def test_named_model_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "absent.task"))
    result = model()
    assert result.status is Status.PROBLEM
    assert "absent.task does not exist" in result.found


class Landmarker:
    """Stands in for the real one, which needs graphics libraries that not every machine has."""

    error: Exception | None = None

    def __init__(self, model: Path, mode: str) -> None:
        self.model = model

    def __enter__(self) -> "Landmarker":
        if self.error is not None:
            raise self.error
        self.model.open("rb").close()
        return self

    def __exit__(self, *reason: object) -> None:
        pass

    def locate(self, picture: np.ndarray) -> np.ndarray:
        return np.zeros((0, 46, 2), np.float32)


def test_mediapipe_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    result = mediapipe()
    assert (result.status, result.found) == (Status.WARNING, "not installed")
    assert "pip install 'pase-av[faces]'" in result.advice


@pytest.mark.parametrize("there", [True, False])
def test_mediapipe_loads_with_a_model_and_without(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "FaceLandmarker", Landmarker)
    if there:
        write_model(cache_folder() / "face_landmarker.task")
    result = mediapipe()
    assert result.status is Status.OK
    assert ("not tried" in result.found) == (not there)


def test_missing_system_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def require(module: str) -> ModuleType:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(faces, "require", require)
    result = mediapipe()
    assert result.status is Status.PROBLEM
    assert "apt-get install libgl1 libegl1 libgles2" in result.found


def test_model_that_mediapipe_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(cache_folder() / "face_landmarker.task")
    monkeypatch.setattr(Landmarker, "error", RuntimeError("no face_detector in the bundle"))
    monkeypatch.setattr(faces, "FaceLandmarker", Landmarker)
    result = mediapipe()
    assert result.status is Status.PROBLEM
    assert "no face_detector" in result.found
