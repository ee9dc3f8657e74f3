"""The finished clips of a video, coded as they will stand in a shard."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME, AvOffset, ClipRecord, Modality
from pase.corpus.codec import encode_sound
from pase.corpus.encoded import EncodedClip
from pase.preparation.stage import Stage, StageResult
from pase.preparation.stages.crop import CodedLips, CropStage, load_lips
from pase.preparation.stages.normalise import NormaliseStage, load_sound, load_sound_facts
from pase.preparation.stages.offset import OffsetStage, load_offsets, piece_sound
from pase.preparation.stages.phones import PhoneStage, load_speech
from pase.preparation.stages.quality import QualityStage, load_quality
from pase.preparation.stages.tracks import TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_WORTH_CORRECTING = 1.5 / FRAME_RATE
"""Seconds: one frame is within what the tests can tell."""


@dataclass(frozen=True, slots=True)
class FinishedClip:
    """A clip that waits for its shard.

    Attributes:
        clip_id: The clip.
        media_bytes: Size of its media, by which shards are planned.
        part_bytes: Size of its part.
        frames: Its length.
        digest: Of its part.
    """

    clip_id: str
    media_bytes: int
    part_bytes: int
    frames: int
    digest: str


@dataclass(frozen=True, slots=True)
class ClipStage(Stage):
    """Puts the results of the earlier stages together.

    Attributes:
        correct_offset: Move the sound where a measured offset is a frame or more.
    """

    name = "clips"
    needs = tuple(
        stage.name for stage in (NormaliseStage, TrackStage, CropStage, PhoneStage, OffsetStage, QualityStage)
    )

    correct_offset: bool = False

    def settings(self) -> Mapping[str, Any]:
        """Whether offsets are corrected."""
        return {"correct_offset": self.correct_offset}

    def listed(self, video: SourceVideo) -> tuple[str, ...]:
        """Who speaks, and where the video lies."""
        return (video.speaker, video.path)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Encode the clips of the video that are left."""
        sound, speech = load_sound(work, video.name), load_speech(work, video.name)
        offsets, quality = load_offsets(work, video.name), load_quality(work, video.name)
        picture = max(0.0, load_sound_facts(work, video.name).lead)  # a file begins with what comes first
        finished: list[dict[str, Any]] = []
        media: dict[str, bytes] = {}
        remarks: list[str] = []
        for piece in load_pieces(work, video.name):
            if piece.name not in quality:
                continue
            offset, lag = self._correction(offsets[piece.name], piece.name, remarks)
            modality = _modality(video.seen, "loudness" in quality[piece.name])
            heard = modality != "video"
            record = ClipRecord(
                clip_id=piece.name,
                speaker=video.speaker,
                split=video.split,
                frames=len(piece.slots),
                samples=len(piece.slots) * SAMPLES_PER_FRAME if heard else 0,
                text=speech.text_of(piece, lag),
                phones=speech.phones_of(piece, lag) if heard else None,
                shard="",
                source=video.path,
                source_start=round(piece.start / FRAME_RATE + picture, 6),
                offset=offset,
                quality=quality[piece.name],
                modality=modality,
            )
            lips = load_lips(work, piece.name) if video.seen else CodedLips(b"", b"")
            flac = encode_sound(piece_sound(piece, sound, lag)) if heard else b""
            clip = EncodedClip(record, flac, lips.mp4, lips.points)
            part = clip.pack()
            media[part_name(piece.name)] = part
            digest = hashlib.sha256(part).hexdigest()[:32]
            finished.append(asdict(FinishedClip(piece.name, clip.media_bytes, len(part), record.frames, digest)))
        return StageResult(finished, remarks=tuple(remarks), media=media)

    def _correction(self, offset: AvOffset | None, name: str, remarks: list[str]) -> tuple[AvOffset | None, float]:
        """The offset as it is stored, and the seconds by which the sound is taken from later."""
        if offset is None or abs(offset.seconds) < _WORTH_CORRECTING:
            return offset, 0.0
        lag = f"{name}: the sound lags behind the picture by {offset.seconds:+.2f} s (confidence {offset.confidence:g})"
        if not self.correct_offset:
            remarks.append(f"{lag}; --correct-offset would move it")
            return offset, 0.0
        remarks.append(f"{lag}; moved")
        return AvOffset(offset.seconds, offset.confidence, offset.method, corrected=True), offset.seconds


def _modality(seen: bool, heard: bool) -> Modality:
    if seen and heard:
        return "audio-video"
    return "video" if seen else "audio"


def part_name(clip_id: str) -> str:
    """Name of the file in the stage's folder that holds a clip."""
    return f"{clip_id}.part"


def load_finished(value: Any) -> tuple[FinishedClip, ...]:
    """The finished clips out of the stage's value."""
    return tuple(FinishedClip(**row) for row in value)
