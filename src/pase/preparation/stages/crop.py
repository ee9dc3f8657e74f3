"""The stabilised lip crops of a video's clips, coded as they stand in a shard, and what can be seen of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import CROP_SIZE, FRAME_RATE
from pase.corpus.codec import decode_points, encode_lips, encode_points
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.stages.landmarks import LandmarkStage, load_detections
from pase.preparation.stages.tracks import TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.video.lip_crop import FaceTrack, crop_tracks
from pase.video.reading import iter_frames


@dataclass(frozen=True, slots=True)
class CropFacts:
    """What can be seen of a clip's lips.

    Attributes:
        eye_distance: Between the outer corners of the eyes in the source, median over frames, in pixels.
        brightness: Mean grey value of the crops, 0 ... 255.
        sharpness: Standard deviation of the crops' Laplacian in grey values; small where the lips are a blur.
        motion: Mean change of the crops from frame to frame in grey values; 0 for a still picture.
    """

    eye_distance: float
    brightness: float
    sharpness: float
    motion: float


@dataclass(frozen=True, slots=True)
class CodedLips:
    """The lips of a clip as they stand in a shard.

    Attributes:
        mp4: The lip crops.
        points: The lip points, as ``.npy``.
    """

    mp4: bytes
    points: bytes

    def lip_points(self) -> NDArray[np.float32]:
        """Shape ``(frames, 40, 2)``, see `pase.corpus.clip.Clip`."""
        return decode_points(self.points)


class CropStage(Stage):
    """Cuts the lips out of every frame, in one pass over the pictures."""

    name = "crop"
    needs = (LandmarkStage.name, TrackStage.name)

    def works_on(self, video: SourceVideo) -> bool:
        """Where there is a picture."""
        return video.seen

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video."""
        return (video.video,)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Crop all clips of the video."""
        detections = load_detections(work, video.name)
        pieces = load_pieces(work, video.name)
        tracks = [piece.stabilised(detections) for piece in pieces]
        starts = [(piece.start, track) for piece, track in zip(pieces, tracks, strict=True)]
        facts: dict[str, dict[str, float]] = {}
        media: dict[str, bytes] = {}
        for place, lips in crop_tracks(iter_frames(video.video, FRAME_RATE), starts, CROP_SIZE):
            name, track = pieces[place].name, tracks[place]
            facts[name] = asdict(_look(lips, track))
            media[f"{name}.mp4"] = encode_lips(lips)
            media[f"{name}.npy"] = encode_points(track.lip_points)
        return StageResult(facts, media=media)


def load_crop_facts(work: WorkFolder, name: str) -> Mapping[str, CropFacts]:
    """What can be seen of the clips of a video, by the clips' names."""
    rows: Mapping[str, Any] = value_of(work, CropStage.name, name)
    return {piece: CropFacts(**facts) for piece, facts in rows.items()}


def load_lips(work: WorkFolder, piece: str) -> CodedLips:
    """The lips of one clip."""
    return CodedLips(work.read_bytes(CropStage.name, f"{piece}.mp4"), work.read_bytes(CropStage.name, f"{piece}.npy"))


def _look(lips: NDArray[np.uint8], track: FaceTrack) -> CropFacts:
    grey = lips[..., 1].astype(np.float32)  # green carries most of the brightness
    laplacian = (
        4 * grey[:, 1:-1, 1:-1] - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]
    )
    change = np.abs(np.diff(grey, axis=0)).mean() if len(grey) > 1 else 0.0
    measures = (np.median(np.abs(track.scale_rotation)), grey.mean(), laplacian.std(), change)
    return CropFacts(*(round(float(value), 3) for value in measures))
