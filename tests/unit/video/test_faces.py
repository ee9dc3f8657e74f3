"""MediaPipe's missing libraries, and what it finds in real pictures."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pase.errors import MissingExtraError
from pase.video import faces
from pase.video.faces import FaceLandmarker, detect_faces
from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT
from pase.video.reading import iter_frames
from pase.video.tracks import follow_faces


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
    code = "import sys, pase.preparation.prepare; sys.exit(bool({'mediapipe', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.real_data
def test_finds_a_real_mouth_and_keeps_quiet(real_clips: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(
        "mediapipe", reason="the extra 'faces' or its system libraries are not installed", exc_type=ImportError
    )
    video, model = real_clips / "grid_s1/video/bbaf2n.mp4", real_clips / "models/face_landmarker.task"
    pictures = (picture for picture, _ in zip(iter_frames(video, 25), range(3), strict=False))
    found = detect_faces(pictures, 25, model)
    assert found.points.shape == (3, 1, 46, 2)
    assert found.cuts == ()
    np.testing.assert_allclose(found.points[0, 0, 6 + MOUTH_LEFT], (139, 215), atol=6)
    np.testing.assert_allclose(found.points[0, 0, 6 + MOUTH_RIGHT], (178, 214), atol=6)
    assert capfd.readouterr().err == ""


@pytest.mark.real_data
def test_follows_two_faces_and_begins_anew_after_a_cut(real_clips: Path) -> None:
    pytest.importorskip("mediapipe", reason="the extra 'faces' is not installed", exc_type=ImportError)
    names = ("bbaf2n", "swiz3n")
    videos = [real_clips / "grid_s1/video/bbaf2n.mp4", real_clips / "grid_other/swiz3n.mpg"]
    assert all(video.is_file() for video in videos), names
    one, other = ([p for p, _ in zip(iter_frames(video, 25), range(8), strict=False)] for video in videos)
    pictures = [
        *(np.hstack([left, right]) for left, right in zip(one, other, strict=True)),
        *(np.hstack([o, o * 0]) for o in other),
    ]
    found = detect_faces(pictures, 25, real_clips / "models/face_landmarker.task")
    assert found.cuts == (8,)
    seen = np.isfinite(found.points[..., 0, 0]).sum(axis=1)
    assert seen.tolist() == [2] * 8 + [1] * 8
    spans = follow_faces(found.points, found.cuts)
    assert [(span.start, span.stop) for span in spans] == [(0, 8), (0, 8), (8, 16)]
    left, right = sorted(span.points(found.points)[:, 0, 0].mean() for span in spans[:2])
    assert left < 360 < right


@pytest.mark.real_data
def test_survives_a_profiling_signal_whose_default_was_restored(real_clips: Path) -> None:
    """As Lightning restores it after training; MediaPipe's threads then killed the process."""
    pytest.importorskip("mediapipe", reason="the extra 'faces' is not installed", exc_type=ImportError)
    code = (
        "import signal, sys; from pathlib import Path; import numpy as np; from pase.video.faces import detect_faces; "
        "look = lambda: detect_faces([np.zeros((256, 256, 3), np.uint8)] * 40, 25, Path(sys.argv[1])); "
        "look(); signal.signal(signal.SIGPROF, signal.SIG_DFL); look()"
    )
    model = str(real_clips / "models/face_landmarker.task")
    assert subprocess.run([sys.executable, "-c", code, model], check=False).returncode == 0
