"""From the faces of single frames to the clips that a video gives: one per person and shot, none too long."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.errors import UnusableClipError
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.landmarks import LandmarkStage, load_detections
from pase.preparation.stages.normalise import NormaliseStage, load_sound_facts
from pase.preparation.stages.probe import ProbeStage, load_facts
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.video.faces import FaceDetections
from pase.video.landmarks import STABLE_INDICES
from pase.video.lip_crop import FaceTrack, track_face
from pase.video.tracks import FaceSpan, follow_faces

_SILENT_TAIL = 5
"""Frames by which the picture may go on after the sound; more are cut off."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip of a video, still to be cut.

    Attributes:
        name: The video's own name where it gives one clip only, else with a number: ``name--01``.
        start: Number of the first frame at 25 per second.
        slots: Which of the detections of each frame is this face, -1 where it was not seen; shape ``(frames,)``.
        alone: Whether no other face is seen at the same time.
    """

    name: str
    start: int
    slots: tuple[int, ...]
    alone: bool = True

    @property
    def stop(self) -> int:
        """Number of the frame after the last one."""
        return self.start + len(self.slots)

    def points(self, detections: FaceDetections) -> NDArray[np.float32]:
        """Its landmarks in pixels, shape ``(frames, 46, 2)``, NaN where it was not seen."""
        return FaceSpan(self.start, np.array(self.slots)).points(detections.points)

    def track(self, detections: FaceDetections) -> FaceTrack:
        """Its stabilised track."""
        return track_face(self.points(detections))


@dataclass(frozen=True, slots=True)
class TrackStage(Stage):
    """Links detections to faces, cuts at shots, and names the clips.

    Attributes:
        min_seconds: Shortest clip.
        max_seconds: Longest clip; a longer stretch is cut into equal parts.
    """

    name = "tracks"
    needs = (ProbeStage.name, NormaliseStage.name, LandmarkStage.name)

    min_seconds: float = 0.4
    max_seconds: float = 12.0

    def settings(self) -> Mapping[str, Any]:
        """The allowed lengths."""
        return {"min_seconds": self.min_seconds, "max_seconds": self.max_seconds}

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Cut the video into clips."""
        facts, detections = load_facts(work, video.name), load_detections(work, video.name)
        inside = FaceDetections(_mouth_inside(detections.points, facts.width, facts.height), detections.cuts)
        seconds = load_sound_facts(work, video.name).seconds
        spans, remarks = self._spans(inside, seconds)
        pieces, refused = _usable(_named(video.name, spans), inside, facts.width, facts.height)
        if not pieces:
            if not refused:
                raise UnusableClipError("face_lost", _nothing_long_enough(len(inside.points), remarks))
            return StageResult(None, refused, tuple(remarks))
        return StageResult([_to_json(piece) for piece in pieces], refused, tuple(remarks))

    def _spans(self, detections: FaceDetections, sound_seconds: float) -> tuple[list[FaceSpan], list[str]]:
        """Stretches of one face that are neither too short nor too long, and what was left out."""
        least = max(1, round(self.min_seconds * FRAME_RATE))
        frames = len(detections.points)
        if frames < least:
            raise UnusableClipError("too_short", f"{frames} frames at 25 a second; at least {least} are needed")
        remarks = []
        end = frames
        if frames - sound_seconds * FRAME_RATE > _SILENT_TAIL:
            end = int(sound_seconds * FRAME_RATE)
            remarks.append(f"the sound ends at {sound_seconds:.2f} s, the picture at {frames / FRAME_RATE:.2f} s")
            if end < least:
                raise UnusableClipError("sound_short", remarks[-1])
        spans = []
        for span in follow_faces(detections.points[:end], detections.cuts):
            if len(span.slots) < least:
                remarks.append(f"a face from {_seconds(span.start)} to {_seconds(span.stop)} was left out: too short")
            else:
                spans += _parts(span, round(self.max_seconds * FRAME_RATE))
        remarks += [f"no face from {_seconds(a)} to {_seconds(b)}" for a, b in _uncovered(spans, end)]
        return spans, remarks


def load_pieces(work: WorkFolder, name: str) -> tuple[Piece, ...]:
    """The clips of a video."""
    rows = value_of(work, TrackStage.name, name)
    return tuple(
        Piece(
            row["name"], row["start"], tuple(slot for slot, count in row["slots"] for _ in range(count)), row["alone"]
        )
        for row in rows
    )


def _to_json(piece: Piece) -> dict[str, Any]:
    runs = [[slot, len(list(group))] for slot, group in groupby(piece.slots)]
    return {**asdict(piece), "slots": runs}


def _mouth_inside(points: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """The detections, without those whose mouth has left the picture; MediaPipe goes on guessing where it is."""
    mouth = points[:, :, len(STABLE_INDICES) :].mean(axis=2)
    inside = (mouth >= 0).all(axis=-1) & (mouth < (width, height)).all(axis=-1)
    return np.where(inside[..., None, None], points, np.float32(np.nan))


def _parts(span: FaceSpan, longest: int) -> list[FaceSpan]:
    count = ceil(len(span.slots) / longest)
    bounds = np.linspace(0, len(span.slots), count + 1).round().astype(int)
    return [FaceSpan(span.start + int(a), span.slots[a:b]) for a, b in pairwise(bounds)]


def _named(video: str, spans: Sequence[FaceSpan]) -> list[Piece]:
    width = max(2, len(str(len(spans))))
    names = [video] if len(spans) == 1 else [f"{video}--{number:0{width}d}" for number in range(1, len(spans) + 1)]
    return [
        Piece(name, span.start, tuple(span.slots.tolist()), alone=not _company(span, spans))
        for name, span in zip(names, spans, strict=True)
    ]


def _company(span: FaceSpan, spans: Sequence[FaceSpan]) -> bool:
    return any(other is not span and other.start < span.stop and span.start < other.stop for other in spans)


def _usable(
    pieces: Sequence[Piece], detections: FaceDetections, width: int, height: int
) -> tuple[list[Piece], tuple[Refusal, ...]]:
    """Those whose face can be stabilised within the picture, and why the others cannot."""
    usable, refused = [], []
    for piece in pieces:
        try:
            _check_mouth(piece.track(detections), width, height)
        except UnusableClipError as error:
            refused.append(Refusal(piece.name, error.reason, str(error)))
        else:
            usable.append(piece)
    return usable, tuple(refused)


def _check_mouth(track: FaceTrack, width: int, height: int) -> None:
    """Smoothed over time, a mouth at the edge of the picture may come to lie beyond it."""
    mouth = track.scale_rotation * track.centre + track.shift
    outside = (mouth.real < 0) | (mouth.real >= width) | (mouth.imag < 0) | (mouth.imag >= height)
    if outside.any():
        raise UnusableClipError(
            "mouth_outside", f"the mouth is outside the picture in frame {outside.argmax()} of {len(track)} of the face"
        )


def _uncovered(spans: Sequence[FaceSpan], end: int) -> list[tuple[int, int]]:
    """Stretches of frames in which no span has a face."""
    covered = np.zeros(end + 2, dtype=np.int8)
    for span in spans:
        covered[span.start + 1 : span.stop + 1] = 1
    covered[[0, -1]] = 1
    edges = np.flatnonzero(np.diff(covered)).reshape(-1, 2)
    return [(int(a), int(b)) for a, b in edges]


def _nothing_long_enough(frames: int, remarks: Sequence[str]) -> str:
    return f"no face stays long enough in {frames} frames: {'; '.join(remarks[:3])}"


def _seconds(frame: int) -> str:
    return f"{frame / FRAME_RATE:.2f} s"
