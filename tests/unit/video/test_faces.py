"""Finding the face model, MediaPipe's missing libraries, sidecar landmarks."""

import io
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from types import ModuleType
from urllib.error import URLError

import numpy as np
import pytest

from pase.errors import InputError, MissingExtraError, UnusableClipError
from pase.video import faces
from pase.video.faces import MODEL_VARIABLE, FaceLandmarker, cache_folder, find_model, read_sidecar
from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT
from pase.video.reading import iter_frames


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
    assert calls == [faces.MODEL_URL]


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


@pytest.mark.parametrize(
    "error", [ImportError("libGL.so.1: cannot open shared object file"), OSError("libEGL.so.1: cannot open"), None]
)
def test_missing_system_libraries_are_named(error: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ImportError("something else is broken")

    def require(module: str) -> ModuleType:
        raise error or other

    monkeypatch.setattr(faces, "require", require)
    if error is None:
        with pytest.raises(ImportError, match="something else"):
            FaceLandmarker(Path("model.task")).__enter__()
    else:
        with pytest.raises(MissingExtraError, match="apt-get install libgl1 libegl1 libgles2"):
            FaceLandmarker(Path("model.task")).__enter__()


def test_mediapipe_is_imported_only_when_needed() -> None:
    code = "import sys, pase.corpus.preparation; sys.exit(bool({'mediapipe', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sidecar(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(7, 46, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", points=points)
    np.testing.assert_array_equal(read_sidecar(tmp_path / "a.npz"), points)


@pytest.mark.parametrize(
    "arrays",
    [
        {"points": np.zeros((7, 46, 2))},
        {"points": np.zeros((7, 40, 2), dtype=np.float32)},
        {"points": np.zeros(7, dtype=np.float32)},
        {"landmarks": np.zeros((7, 46, 2), dtype=np.float32)},
        {"points": np.array([{"code": "would run"}], dtype=object)},
    ],
)
def test_bad_sidecar(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UnusableClipError, match=r"a\.npz") as caught:
        read_sidecar(tmp_path / "a.npz")
    assert caught.value.reason == "bad_landmarks"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 damaged"])
def test_damaged_sidecar(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UnusableClipError, match=r"a\.npz"):
        read_sidecar(tmp_path / "a.npz")


def test_absent_sidecar(tmp_path: Path) -> None:
    with pytest.raises(UnusableClipError, match="does not exist") as caught:
        read_sidecar(tmp_path / "a.npz")
    assert caught.value.reason == "no_landmarks"


@pytest.mark.real_data
def test_finds_a_real_mouth_and_keeps_quiet(real_clips: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(
        "mediapipe", reason="the extra 'faces' or its system libraries are not installed", exc_type=ImportError
    )
    video, model = real_clips / "grid_s1/video/bbaf2n.mp4", real_clips / "models/face_landmarker.task"
    pictures = [picture for picture, _ in zip(iter_frames(video, 25), range(3), strict=False)]
    with FaceLandmarker(model) as landmarker:
        points = landmarker.points(pictures, 25)
    assert points.shape == (3, 46, 2)
    np.testing.assert_allclose(points[0, 6 + MOUTH_LEFT], (139, 215), atol=6)
    np.testing.assert_allclose(points[0, 6 + MOUTH_RIGHT], (178, 214), atol=6)
    assert capfd.readouterr().err == ""
