"""Face landmarks in pictures, by MediaPipe's FaceLandmarker or from a sidecar file."""

import io
import os
import re
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError, MissingExtraError, UnusableClipError
from pase.extras import require
from pase.files import atomic_path
from pase.video.landmarks import POINT_INDICES
from pase.video.reading import Picture

MODEL_VARIABLE = "PASE_FACE_LANDMARKER"
"""Environment variable that names the model file."""

MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)

_MODEL_NAME = "face_landmarker.task"
_TIMEOUT = 30.0  # seconds without an answer


def cache_folder() -> Path:
    """The user's cache: ``$XDG_CACHE_HOME/pase`` or ``~/.cache/pase``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pase"


def find_model(given: Path | None = None) -> Path:
    """The FaceLandmarker model: as given, else by `MODEL_VARIABLE`, else from the cache, else downloaded into it.

    Raises:
        InputError: The named file is no model.
        MissingExtraError: It cannot be downloaded; the message says where to put it.
    """
    named = given or (Path(os.environ[MODEL_VARIABLE]) if os.environ.get(MODEL_VARIABLE) else None)
    if named is not None:
        if not zipfile.is_zipfile(named):
            raise InputError(
                f"the face landmarker model {named} does not exist or is no .task bundle; download it from {MODEL_URL}"
            )
        return named
    cached = cache_folder() / _MODEL_NAME
    if not zipfile.is_zipfile(cached):
        _download(cached)
    return cached


def _download(target: Path) -> None:
    try:
        with urllib.request.urlopen(MODEL_URL, timeout=_TIMEOUT) as answer:
            data = answer.read()
    except (OSError, HTTPException) as error:
        raise MissingExtraError(_no_download(target, str(error))) from error
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise MissingExtraError(_no_download(target, "the answer is no model bundle"))
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def _no_download(target: Path, reason: str) -> str:
    return (
        f"the face landmarker model is needed and cannot be downloaded ({reason}). Download {MODEL_URL} elsewhere "
        f"and put it at {target}, or name its place by {MODEL_VARIABLE}."
    )


class FaceLandmarker:
    """Finds the points of the largest face in the pictures of one clip, in order. Used by ``with``, once per clip.

    Args:
        model: The file that `find_model` gives.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._closing = ExitStack()

    def __enter__(self) -> "FaceLandmarker":
        """Load the model.

        Raises:
            MissingExtraError: MediaPipe or a system library that it needs is absent.
        """
        with ExitStack() as stack:
            stack.enter_context(_without_chatter())
            with _system_libraries():
                vision = require("mediapipe.tasks.python.vision")
                base = require("mediapipe.tasks.python.core.base_options")
                self._image = require("mediapipe")
                options = vision.FaceLandmarkerOptions(
                    base_options=base.BaseOptions(model_asset_path=str(self._model)),
                    running_mode=vision.RunningMode.VIDEO,
                    num_faces=1,
                )
                self._engine: Any = vision.FaceLandmarker.create_from_options(options)
            stack.callback(self._engine.close)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def points(self, pictures: Iterable[Picture], frame_rate: int) -> NDArray[np.float32]:
        """Landmarks of consecutive pictures.

        Args:
            pictures: RGB, shape ``(H, W, 3)`` each.
            frame_rate: Pictures per second (Hz).

        Returns:
            Pixels, float32, shape ``(T, 46, 2)`` in the order of `POINT_INDICES`; NaN where no face is found.
        """
        rows = [self._locate(picture, number * 1000 // frame_rate) for number, picture in enumerate(pictures)]
        return np.stack(rows) if rows else np.zeros((0, len(POINT_INDICES), 2), dtype=np.float32)

    def _locate(self, picture: Picture, milliseconds: int) -> NDArray[np.float32]:
        image = self._image.Image(image_format=self._image.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        faces = self._engine.detect_for_video(image, milliseconds).face_landmarks
        if not faces:
            return np.full((len(POINT_INDICES), 2), np.nan, dtype=np.float32)
        height, width = picture.shape[:2]
        return np.array([(faces[0][i].x * width, faces[0][i].y * height) for i in POINT_INDICES], dtype=np.float32)


def read_sidecar(path: Path) -> NDArray[np.float32]:
    """Landmarks from a file instead of a detector.

    Args:
        path: ``.npz`` with `points`, float32, shape ``(T, 46, 2)``, pixels, in the order of `POINT_INDICES`, one row
            per frame of the video at 25 frames per second; NaN in frames without a face.

    Raises:
        UnusableClipError: Absent, or no such array.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            points = np.asarray(archive["points"])
    except FileNotFoundError as error:
        raise UnusableClipError("no_landmarks", f"the landmark file {path} does not exist") from error
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        raise UnusableClipError(
            "bad_landmarks", f"{path} is no .npz file with an array named points: {error}"
        ) from error
    if points.dtype != np.float32 or points.ndim != 3 or points.shape[1:] != (len(POINT_INDICES), 2):
        raise UnusableClipError(
            "bad_landmarks", f"{path}: points are {points.dtype} {points.shape}, expected float32 (frames, 46, 2)"
        )
    return points


@contextmanager
def _system_libraries() -> Iterator[None]:
    """Say which Debian packages hold the graphics libraries that MediaPipe loads."""
    try:
        yield
    except (ImportError, OSError) as error:
        if not any(name in str(error) for name in ("libGL", "libEGL")):
            raise
        raise MissingExtraError(
            f"MediaPipe cannot load a system library ({error}). On Debian or Ubuntu: "
            "apt-get install libgl1 libegl1 libgles2"
        ) from error


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the lines that MediaPipe logs at each start, which no setting suppresses, off stderr; errors are shown."""
    with tempfile.TemporaryFile() as log:
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            log.seek(0)
            for line in log.read().decode(errors="replace").splitlines():
                if re.match(r"[EF]\d{4} ", line):
                    print(line, file=sys.stderr)
