"""The A/V offset of each clip, and which of several faces is the one that speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pase.audio.waveform import Waveform
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME, AvOffset
from pase.corpus.codec import decode_lips
from pase.preparation.av_offset import MIN_CONFIDENCE, ShiftCurve, bilabial_curve, loudness_agreement
from pase.preparation.sound import cut_sound
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.crop import CropStage, load_lips
from pase.preparation.stages.normalise import NormaliseStage, load_sound
from pase.preparation.stages.phones import PhoneStage, Speech, load_speech
from pase.preparation.stages.tracks import Piece, TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_FEW_BILABIALS = 3
"""Enough to tell two faces apart, which is easier than to measure an offset."""

_SPEAKS = 2.0
"""Standard errors by which lips have to agree with the sound, where several faces are seen."""

_AHEAD = 1.0
"""Standard errors by which they have to agree better than the next face's."""


@dataclass(frozen=True, slots=True)
class OffsetStage(Stage):
    """Measures, and where several faces are seen at once keeps the one whose lips go with the sound.

    Attributes:
        model: Folder of a trained PASE checkpoint, a better judge than the bilabial test; None: the test alone.
        model_id: Of the checkpoint, filled in by `prepared`.
    """

    name = "offset"
    needs = (NormaliseStage.name, TrackStage.name, CropStage.name, PhoneStage.name)

    model: Path | None = None
    model_id: str = ""

    def prepared(self) -> "OffsetStage":
        """The stage with its model proven to load.

        Raises:
            InputError: The folder is no checkpoint.
        """
        if self.model is None:
            return self
        from pase.models.checkpoint import load_checkpoint  # brings torch

        return OffsetStage(self.model, load_checkpoint(self.model)[1].model_id)

    def settings(self) -> Mapping[str, Any]:
        """The model."""
        return {"sync_model": self.model_id}

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Measure all clips of the video."""
        sound, speech = load_sound(work, video.name), load_speech(work, video.name)
        pieces = load_pieces(work, video.name)
        curves = {piece.name: self._curve(piece, sound, speech, work) for piece in pieces}
        refused: list[Refusal] = []
        for group in together(pieces):
            scores = {piece.name: self._agreement(piece, curves[piece.name], sound, speech, work) for piece in group}
            refused += choose(scores)
        out = {refusal.clip for refusal in refused}
        offsets = {
            name: asdict(curve.offset("bilabial" if self.model is None else "model"))
            if curve is not None and curve.confidence >= MIN_CONFIDENCE
            else None
            for name, curve in curves.items()
            if name not in out
        }
        return StageResult(offsets or None, tuple(refused))

    def _curve(self, piece: Piece, sound: Waveform, speech: Speech, work: WorkFolder) -> ShiftCurve | None:
        lips = load_lips(work, piece.name)
        if self.model is not None:
            from pase.preparation.sync_model import model_curve  # brings torch

            return model_curve(decode_lips(lips.mp4), piece_sound(piece, sound), self.model)
        phones = speech.phones_of(piece)
        return None if phones is None else bilabial_curve(lips.lip_points(), phones)

    def _agreement(
        self, piece: Piece, curve: ShiftCurve | None, sound: Waveform, speech: Speech, work: WorkFolder
    ) -> float:
        """How well the lips go with the sound, in standard errors."""
        points = load_lips(work, piece.name).lip_points()
        phones = speech.phones_of(piece)
        if curve is None and phones is not None:
            curve = bilabial_curve(points, phones, _FEW_BILABIALS)
        return loudness_agreement(points, piece_sound(piece, sound)) if curve is None else curve.confidence


def load_offsets(work: WorkFolder, name: str) -> Mapping[str, AvOffset | None]:
    """The offsets of those clips of a video that are kept, by the clips' names."""
    rows = value_of(work, OffsetStage.name, name)
    return {piece: None if row is None else AvOffset(**row) for piece, row in rows.items()}


def piece_sound(piece: Piece, sound: Waveform, lag: float = 0.0) -> Waveform:
    """The sound of a clip, as long as its pictures; `lag` seconds later than it is in the file."""
    start = piece.start * SAMPLES_PER_FRAME + round(lag * FRAME_RATE * SAMPLES_PER_FRAME)
    return cut_sound(sound, start, len(piece.slots) * SAMPLES_PER_FRAME)


def together(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Groups of clips that are seen at the same time; also a single one beside which an unusable face is seen."""
    groups: list[list[Piece]] = []
    end = 0
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if groups and piece.start < end:
            groups[-1].append(piece)
        else:
            groups.append([piece])
        end = max(end, piece.stop)
    return [group for group in groups if len(group) > 1 or not group[0].alone]


def choose(scores: Mapping[str, float]) -> list[Refusal]:
    """Why all but the speaking face of a group cannot be used."""
    ranked = sorted(scores, key=lambda name: -scores[name])
    listed = ", ".join(f"{name} {scores[name]:.1f}" for name in ranked)
    best, *others = (scores[name] for name in ranked)
    if best < _SPEAKS or any(best < other + _AHEAD for other in others):
        detail = f"several faces are seen at once and it is not clear whose lips go with the sound ({listed})"
        return [Refusal(name, "speaker_unclear", detail) for name in ranked]
    detail = f"another face goes with the sound ({listed})"
    return [Refusal(name, "not_speaking", detail) for name in ranked[1:]]
