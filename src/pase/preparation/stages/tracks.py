"""From the faces of single frames to the clips that a video gives: one per person and shot, none too long.

Speech without a picture is cut into clips by its length alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.errors import UnusableClipError
from pase.preparation.cutting import cut_spans
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.landmarks import LandmarkStage, load_detections
from pase.preparation.stages.normalise import NormaliseStage, load_sound_facts
from pase.preparation.stages.probe import ProbeStage, load_facts
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.video.faces import FaceDetections
from pase.video.landmarks import STABLE_INDICES
from pase.video.lip_crop import MAX_GAP, FaceTrack, track_face
from pase.video.tracks import FaceSpan, follow_faces

_SILENT_TAIL = 5
"""Frames by which the picture may go on after the sound; more are cut off."""

_BRIEF = 10
"""Frames for which two faces may be seen at once, one coming as the other goes, and still count as alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip of a video, still to be cut.

    Attributes:
        name: The video's own name where it gives one clip only, else with a number: ``name--01``.
        start: Number of the first frame at 25 per second.
        slots: Which of the detections of each frame is this face, -1 where it was not seen; shape ``(frames,)``.
            Speech without a picture has -1 for every frame.
        track: Number of the face's stretch in the video; clips that are cut from one long stretch share it.
        alone: Whether no other face is seen at the same time.
        whole: Whether it spans the whole video, as far as there is sound, but for `MAX_GAP` frames at either end.
    """

    name: str
    start: int
    slots: tuple[int, ...]
    track: int = 0
    alone: bool = True
    whole: bool = False

    @property
    def stop(self) -> int:
        """Number of the frame after the last one."""
        return self.start + len(self.slots)

    def beside(self, other: "Piece") -> bool:
        """Whether another clip is of another face at the same time, for more than the moment in which one comes."""
        shared = min(self.stop, other.stop) - max(self.start, other.start)
        return self.track != other.track and shared >= min(_BRIEF, len(self.slots), len(other.slots))

    def points(self, detections: FaceDetections) -> NDArray[np.float32]:
        """Its landmarks in pixels, shape ``(frames, 46, 2)``, NaN where it was not seen."""
        return FaceSpan(self.start, np.array(self.slots)).points(detections.points)

    def stabilised(self, detections: FaceDetections) -> FaceTrack:
        """Its stabilised track."""
        return track_face(self.points(detections))


@dataclass(frozen=True, slots=True)
class TrackStage(Stage):
    """Links detections to faces, cuts at shots, and names the clips.

    Attributes:
        min_seconds: Shortest clip.
        max_seconds: Longest clip; a longer stretch is cut into equal parts, but none shorter than `min_seconds`.
    """

    name = "tracks"
    version = 2
    needs = (ProbeStage.name, NormaliseStage.name, LandmarkStage.name)

    min_seconds: float = 0.4
    max_seconds: float = 12.0

    def settings(self) -> Mapping[str, Any]:
        """The allowed lengths."""
        return {"min_seconds": self.min_seconds, "max_seconds": self.max_seconds}

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Cut the video into clips."""
        longest = max(1, round(self.max_seconds * FRAME_RATE))
        if not video.seen:
            return self._run_speech(video, work, longest)
        facts, detections = load_facts(work, video.name), load_detections(work, video.name)
        inside = FaceDetections(_mouth_inside(detections.points, facts.width, facts.height), detections.cuts)
        end, remarks = self._end(len(inside.points), load_sound_facts(work, video.name).seconds)
        spans = self._spans(inside, end, remarks)
        parts = cut_spans(spans, self._least, longest)
        pieces, refused = _usable(_named(video.name, parts, end), inside, facts.width, facts.height)
        if not pieces:
            if not refused:
                raise UnusableClipError("face_lost", _nothing_long_enough(len(inside.points), remarks))
            return StageResult(None, refused, tuple(remarks))
        return StageResult([_to_json(piece) for piece in pieces], refused, tuple(remarks))

    def _run_speech(self, video: SourceVideo, work: WorkFolder, longest: int) -> StageResult:
        frames = int(load_sound_facts(work, video.name).seconds * FRAME_RATE)  # what fills no frame is left out
        if frames < self._least:
            raise UnusableClipError("too_short", f"{frames} whole frames of 1/25 s; at least {self._least} are needed")
        parts = cut_spans([FaceSpan(0, np.full(frames, -1))], self._least, longest)
        return StageResult([_to_json(piece) for piece in _named(video.name, parts, frames)])

    @property
    def _least(self) -> int:
        """Frames of the shortest clip."""
        return max(1, round(self.min_seconds * FRAME_RATE))

    def _end(self, frames: int, sound_seconds: float) -> tuple[int, list[str]]:
        """Frames that have sound, and what there is to say about the others."""
        if frames < self._least:
            raise UnusableClipError("too_short", f"{frames} frames at 25 a second; at least {self._least} are needed")
        if not sound_seconds or frames - sound_seconds * FRAME_RATE <= _SILENT_TAIL:
            return frames, []
        end = int(sound_seconds * FRAME_RATE)
        remark = f"the sound ends at {sound_seconds:.2f} s, the picture at {frames / FRAME_RATE:.2f} s"
        if end < self._least:
            raise UnusableClipError("sound_short", remark)
        return end, [remark]

    def _spans(self, detections: FaceDetections, end: int, remarks: list[str]) -> list[FaceSpan]:
        """Stretches of one face that are not too short, sorted by their beginning."""
        spans = []
        for span in follow_faces(detections.points[:end], detections.cuts):
            if len(span.slots) >= self._least:
                spans.append(span)
            else:
                remarks.append(f"a face from {_seconds(span.start)} to {_seconds(span.stop)} was left out: too short")
        remarks += [f"no face from {_seconds(a)} to {_seconds(b)}" for a, b in _uncovered(spans, end)]
        return spans


def load_pieces(work: WorkFolder, name: str) -> tuple[Piece, ...]:
    """The clips of a video."""
    rows = value_of(work, TrackStage.name, name)
    return tuple(Piece(**{**row, "slots": _unpacked(row["slots"])}) for row in rows)


def _unpacked(runs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(slot for slot, count in runs for _ in range(count))


def _to_json(piece: Piece) -> dict[str, Any]:
    runs = [[slot, len(list(group))] for slot, group in groupby(piece.slots)]
    return {**asdict(piece), "slots": runs}


def _mouth_inside(points: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """The detections, without those whose mouth has left the picture; MediaPipe goes on guessing where it is."""
    mouth = points[:, :, len(STABLE_INDICES) :].mean(axis=2)
    inside = (mouth >= 0).all(axis=-1) & (mouth < (width, height)).all(axis=-1)
    return np.where(inside[..., None, None], points, np.float32(np.nan))


def _named(video: str, parts: Sequence[tuple[int, FaceSpan]], end: int) -> list[Piece]:
    width = max(2, len(str(len(parts))))
    names = [video] if len(parts) == 1 else [f"{video}--{number:0{width}d}" for number in range(1, len(parts) + 1)]
    pieces = [
        Piece(
            name,
            span.start,
            tuple(span.slots.tolist()),
            track,
            whole=span.start <= MAX_GAP and end - span.stop <= MAX_GAP,
        )
        for name, (track, span) in zip(names, parts, strict=True)
    ]
    return [replace(piece, alone=not any(map(piece.beside, pieces))) for piece in pieces]


def _usable(
    pieces: Sequence[Piece], detections: FaceDetections, width: int, height: int
) -> tuple[list[Piece], tuple[Refusal, ...]]:
    """Those whose face can be stabilised within the picture, and why the others cannot."""
    usable, refused = [], []
    for piece in pieces:
        try:
            piece.stabilised(detections).check_inside(width, height)
        except UnusableClipError as error:
            refused.append(Refusal(piece.name, error.reason, str(error)))
        else:
            usable.append(piece)
    return usable, tuple(refused)


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
