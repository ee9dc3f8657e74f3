"""Finding the face model."""

import io
import urllib.request
import zipfile
from pathlib import Path
from urllib.error import URLError

import pytest

from pase.errors import InputError, MissingExtraError
from pase.video import face_model
from pase.video.face_model import MODEL_VARIABLE, cache_folder, find_model


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)


def bundle(path: Path | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("face_detector.tflite", b"weights")
    if path is not None:
        path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def test_model_by_option_then_by_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle(tmp_path / "given.task")
    bundle(tmp_path / "named.task")
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "named.task"))
    assert find_model(tmp_path / "given.task") == tmp_path / "given.task"
    assert find_model() == tmp_path / "named.task"


def test_model_that_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"absent\.task does not exist or is no \.task bundle; download it from https"):
        find_model(tmp_path / "absent.task")
    (tmp_path / "text.task").write_text("not a bundle")
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "text.task"))
    with pytest.raises(InputError, match=r"text\.task"):
        find_model()


def test_model_is_downloaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        calls.append(url)
        return io.BytesIO(bundle())

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    assert find_model() == find_model() == cache_folder() / "face_landmarker.task"
    assert calls == [face_model.MODEL_URL]


@pytest.mark.parametrize("answer", [URLError("no route to host"), TimeoutError("timed out"), b"<html>login</html>"])
def test_model_that_cannot_be_downloaded(answer: Exception | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(url: str, timeout: float) -> io.BytesIO:
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(
        MissingExtraError, match=rf"put it at {cache_folder()}/face_landmarker\.task, or .*{MODEL_VARIABLE}"
    ):
        find_model()
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]
