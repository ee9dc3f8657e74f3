"""The file with MediaPipe's FaceLandmarker model: given, named by the environment, cached, or downloaded once."""

import io
import os
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path

from pase.errors import InputError, MissingExtraError
from pase.files import atomic_path

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
    model = local_model(given)
    if model is not None:
        return model
    cached = cache_folder() / _MODEL_NAME
    _download(cached)
    return cached


def local_model(given: Path | None = None) -> Path | None:
    """As `find_model`, but None where it would have to be downloaded.

    Raises:
        InputError: The named file is no model.
    """
    named = given or (Path(os.environ[MODEL_VARIABLE]) if os.environ.get(MODEL_VARIABLE) else None)
    if named is not None:
        if not zipfile.is_zipfile(named):
            raise InputError(
                f"the face landmarker model {named} does not exist or is no .task bundle; download it from {MODEL_URL}"
            )
        return named
    cached = cache_folder() / _MODEL_NAME
    return cached if zipfile.is_zipfile(cached) else None


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
