"""Landmarks from a file beside the video instead of a detector."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.errors import UnusableClipError
from pase.video.landmarks import LEFT_EYE_OUTER, POINT_INDICES, RIGHT_EYE_OUTER

LANDMARK_SUFFIX = ".landmarks.npz"
"""In place of a video's own suffix."""


def read_sidecar(path: Path) -> NDArray[np.float32]:
    """Landmarks from a file instead of a detector.

    Args:
        path: ``.npz`` with `points`, float32, shape ``(T, 46, 2)``, or ``(T, F, 46, 2)`` for up to F faces at once:
            pixels of the upright picture, in the order of `POINT_INDICES`, one row per frame of the video at 25 frames
            per second; NaN, or all points alike, where there is no face.

    Returns:
        Shape ``(T, F, 46, 2)``, NaN where there is no face.

    Raises:
        UnusableClipError: Absent, or no such array.
    """
    if not os.path.exists(path):  # noqa: PTH110 -- Path.exists raises where the name is too long for any file
        raise UnusableClipError("no_landmarks", f"the landmark file {path} does not exist")
    if not path.is_file():  # opening a pipe might never come back
        raise UnusableClipError("bad_landmarks", f"{path} is not a file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            points = np.asarray(archive["points"])
    except (
        OSError,
        KeyError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        TypeError,
        AttributeError,
    ) as error:
        raise UnusableClipError(
            "bad_landmarks", f"{path} is no .npz file with an array named points: {error}"
        ) from error
    if points.dtype != np.float32 or points.ndim not in (3, 4) or points.shape[-2:] != (len(POINT_INDICES), 2):
        raise UnusableClipError(
            "bad_landmarks",
            f"{path}: points are {points.dtype} {points.shape}, expected float32 (frames, 46, 2) or "
            "(frames, faces, 46, 2)",
        )
    eyes = points[..., POINT_INDICES.index(LEFT_EYE_OUTER), :], points[..., POINT_INDICES.index(RIGHT_EYE_OUTER), :]
    points[~np.isfinite(points).all(axis=(-2, -1)) | (eyes[0] == eyes[1]).all(axis=-1)] = np.nan
    return points if points.ndim == 4 else points[:, None]
