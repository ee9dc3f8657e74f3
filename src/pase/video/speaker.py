"""The face of a video that is seen longest, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.errors import InputError
from pase.video.faces import FaceDetections, detect_faces
from pase.video.landmarks import POINT_INDICES, STABLE_INDICES
from pase.video.lip_crop import crop_tracks, track_face
from pase.video.reading import Picture, iter_frames
from pase.video.sidecar import LANDMARK_SUFFIX, read_sidecar
from pase.video.tracks import follow_faces


@dataclass(frozen=True)
class Speaker:
    """Where a video's speaker is.

    Attributes:
        points: Pixels, float32, shape ``(T, 46, 2)`` in the order of `pase.video.landmarks.POINT_INDICES`, at 25 frames
            a second; NaN where no face was found.
        size: Width and height of the pictures.
    """

    points: NDArray[np.float32]
    size: tuple[int, int]

    @property
    def lips(self) -> NDArray[np.float32]:
        """Lip points, shape ``(T, 40, 2)``."""
        return self.points[:, len(STABLE_INDICES) :]

    @property
    def missing(self) -> int:
        """Frames without a face."""
        return int(np.isnan(self.points[:, 0, 0]).sum())


def find_speaker(video: Path, model: Path) -> Speaker:
    """Find the face that is seen longest, at 25 frames a second.

    Args:
        video: Any video file.
        model: The file that `pase.video.face_model.find_model` gives.

    Raises:
        InputError: No face in any frame.
        UnusableClipError: The video cannot be read.
        MissingExtraError: MediaPipe is absent.
    """
    size = (0, 0)

    def pictures() -> Iterator[Picture]:
        nonlocal size
        for picture in iter_frames(video, FRAME_RATE):
            size = (picture.shape[1], picture.shape[0])
            yield picture

    return _checked(video, _longest(detect_faces(pictures(), FRAME_RATE, model)), size)


def speaker_from_sidecar(video: Path) -> Speaker:
    """The face that is seen longest, by the landmarks that lie in ``CLIP.landmarks.npz`` beside the video.

    Raises:
        InputError: No face in any frame.
        UnusableClipError: There is no such file, or the video cannot be read.
    """
    points = read_sidecar(video.with_suffix(LANDMARK_SUFFIX))
    picture = next(iter_frames(video, FRAME_RATE))
    return _checked(video, _longest(FaceDetections(points)), (picture.shape[1], picture.shape[0]))


def _checked(video: Path, points: NDArray[np.float32], size: tuple[int, int]) -> Speaker:
    if np.isnan(points).all():
        raise InputError(
            f"{video} shows no face in any of its {len(points)} frames ({size[0]} x {size[1]}). A whole face is "
            f"needed, not a mouth alone."
        )
    return Speaker(points, size)


def _longest(detections: FaceDetections) -> NDArray[np.float32]:
    """Points of the face whose stretch lasts longest in each frame, NaN where there is none."""
    points = np.full((len(detections.points), len(POINT_INDICES), 2), np.nan, dtype=np.float32)
    for span in sorted(follow_faces(detections.points, detections.cuts), key=lambda span: span.stop - span.start):
        found = span.points(detections.points)
        known = np.isfinite(found).all(axis=(1, 2))
        points[span.start : span.stop][known] = found[known]  # longer stretches come later and win
    return points


def speaker_mouths(video: Path, speaker: Speaker, size: int) -> NDArray[np.uint8]:
    """Stabilised lip crops of a video's speaker, RGB, shape ``(T, size, size, 3)``.

    Raises:
        UnusableClipError: The face is lost for too long, too small or jumps; see `pase.video.lip_crop.track_face`.
    """
    track = track_face(speaker.points)
    track.check_inside(*speaker.size)
    return next(crops for _, crops in crop_tracks(iter_frames(video, FRAME_RATE), [(0, track)], size))
