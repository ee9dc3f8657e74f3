"""Landmarks from a file beside the video instead of a detector."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.errors import UnusableClipError
from pase.video.landmarks import POINT_INDICES


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
