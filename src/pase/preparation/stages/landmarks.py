"""Shot cuts and face landmarks: the one pass over all pictures, and the costliest stage."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pase.corpus.clip import FRAME_RATE
from pase.errors import UnusableClipError
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.video.face_model import find_model
from pase.video.faces import FaceDetections, FaceLandmarker, detect_faces
from pase.video.reading import Picture, iter_frames
from pase.video.shots import CutFinder
from pase.video.sidecar import read_sidecar


@dataclass(frozen=True, slots=True)
class LandmarkStage(Stage):
    """Finds the faces with MediaPipe, or takes their landmarks from a file beside the video.

    Attributes:
        sidecar: Read ``CLIP.landmarks.npz`` instead of looking for faces.
        model: MediaPipe's FaceLandmarker; None: see `pase.video.face_model.find_model`.
        digest: Of the model, filled in by `prepared`.
    """

    name = "landmarks"

    sidecar: bool = False
    model: Path | None = None
    digest: str = ""

    def prepared(self) -> "LandmarkStage":
        """The stage with its model found and proven to load.

        Raises:
            InputError: The named model is none.
            MissingExtraError: MediaPipe, its system libraries, or its model are absent.
        """
        if self.sidecar:
            return self
        model = find_model(self.model)
        with FaceLandmarker(model):
            return LandmarkStage(False, model, hashlib.sha256(model.read_bytes()).hexdigest()[:16])

    def settings(self) -> Mapping[str, Any]:
        """Where landmarks come from."""
        return {"landmarks": "sidecar" if self.sidecar else f"mediapipe {self.digest}"}

    def works_on(self, video: SourceVideo) -> bool:
        """Where there is a picture."""
        return video.seen

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video, and the landmarks beside it."""
        return (video.video, video.landmarks) if self.sidecar else (video.video,)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Look at every picture."""
        pictures = iter_frames(video.video, FRAME_RATE)
        if self.sidecar or self.model is None:
            found = _given(pictures, video.landmarks)
        else:
            found = detect_faces(pictures, FRAME_RATE, self.model)
        if not np.isfinite(found.points).any():
            raise UnusableClipError("no_face", f"no face in any of the {len(found.points)} frames of {video.video}")
        buffer = io.BytesIO()
        np.savez(buffer, points=found.points)
        value = {"frames": len(found.points), "faces": found.points.shape[1], "cuts": list(found.cuts)}
        return StageResult(value, media={f"{video.name}.npz": buffer.getvalue()})


def load_detections(work: WorkFolder, name: str) -> FaceDetections:
    """What was seen in the pictures of a video."""
    with np.load(io.BytesIO(work.read_bytes(LandmarkStage.name, f"{name}.npz")), allow_pickle=False) as archive:
        return FaceDetections(archive["points"], tuple(value_of(work, LandmarkStage.name, name)["cuts"]))


def _given(pictures: Iterable[Picture], path: Path) -> FaceDetections:
    """Landmarks from a file, and cuts from the pictures."""
    points = read_sidecar(path)
    cuts = CutFinder()
    starts = [cuts.push(picture) for picture in pictures]
    if len(points) != len(starts):
        raise UnusableClipError(
            "bad_landmarks", f"{path} has landmarks of {len(points)} frames for a video of {len(starts)} at 25 a second"
        )
    return FaceDetections(points, tuple(np.flatnonzero(starts).tolist()))
