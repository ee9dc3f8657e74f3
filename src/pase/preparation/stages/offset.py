"""The A/V offset of a video, and which of several faces is the one that speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import Waveform
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME, AvOffset
from pase.corpus.codec import decode_lips
from pase.preparation.av_offset import MIN_CONFIDENCE, REACH, bilabial_scores, curve_of, loudness_agreement
from pase.preparation.sound import cut_sound
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.crop import CropStage, load_lips
from pase.preparation.stages.normalise import NormaliseStage, load_sound
from pase.preparation.stages.phones import PhoneStage, Speech, load_speech
from pase.preparation.stages.tracks import Piece, TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_FEW_MOMENTS = 3
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
    version = 2
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
        """Measure all clips of the video that are kept, together: sound and picture are one file, and one offset."""
        sound, speech = load_sound(work, video.name), load_speech(work, video.name)
        pieces = load_pieces(work, video.name)
        if not video.seen or not len(sound):
            return StageResult(dict.fromkeys(piece.name for piece in pieces))
        seen = {piece.name: self._look(piece, sound, speech, work) for piece in pieces}
        refused = choose(pieces, {name: lips.agreement for name, lips in seen.items()})
        out = {refusal.clip for refusal in refused}
        kept = [name for name in seen if name not in out]
        offset = self._offset([seen[name].scores for name in kept])
        return StageResult(dict.fromkeys(kept, offset) or None, tuple(refused))

    def _look(self, piece: Piece, sound: Waveform, speech: Speech, work: WorkFolder) -> "_Lips":
        lips, heard = load_lips(work, piece.name), piece_sound(piece, sound)
        points, phones = lips.lip_points(), speech.phones_of(piece)
        if self.model is not None:
            from pase.preparation.sync_model import model_scores  # brings torch

            scores = model_scores(decode_lips(lips.mp4), heard, self.model)
        elif phones is not None:
            scores = bilabial_scores(points, phones)
        else:
            scores = np.empty((0, 2 * REACH + 1))
        curve = curve_of(scores, _FEW_MOMENTS)
        return _Lips(scores, loudness_agreement(points, heard) if curve is None else curve.confidence)

    def _offset(self, scores: Sequence[NDArray[np.float64]]) -> dict[str, Any] | None:
        curve = curve_of(np.concatenate(scores)) if scores else None
        if curve is None or curve.confidence < MIN_CONFIDENCE:
            return None
        return asdict(curve.offset("bilabial" if self.model is None else "model"))


@dataclass(frozen=True, slots=True)
class _Lips:
    """How the lips of a clip go with the sound.

    Attributes:
        scores: Of single moments and shifts, see `curve_of`.
        agreement: In standard errors.
    """

    scores: NDArray[np.float64]
    agreement: float


def load_offsets(work: WorkFolder, name: str) -> Mapping[str, AvOffset | None]:
    """The offsets of those clips of a video that are kept, by the clips' names."""
    rows = value_of(work, OffsetStage.name, name)
    return {piece: None if row is None else AvOffset(**row) for piece, row in rows.items()}


def piece_sound(piece: Piece, sound: Waveform, lag: float = 0.0) -> Waveform:
    """The sound of a clip, as long as its pictures; `lag` seconds later than it is in the file."""
    start = piece.start * SAMPLES_PER_FRAME + round(lag * FRAME_RATE * SAMPLES_PER_FRAME)
    return cut_sound(sound, start, len(piece.slots) * SAMPLES_PER_FRAME)


def choose(pieces: Sequence[Piece], scores: Mapping[str, float]) -> list[Refusal]:
    """Why clips cannot be used beside which another face is seen, usable itself or not.

    Args:
        pieces: The clips of a video.
        scores: How well the lips of each go with the sound, in standard errors.
    """
    rivals = {piece.name: [o.name for o in pieces if piece.beside(o)] for piece in pieces if not piece.alone}
    speaking = {name for name, others in rivals.items() if _speaks(scores[name], [scores[o] for o in others])}
    refused = []
    for name in sorted(rivals.keys() - speaking):
        seen = sorted([name, *rivals[name]], key=lambda clip: -scores[clip])
        listed = ", ".join(f"{clip} {scores[clip]:.1f}" for clip in seen)
        if speaking.intersection(seen):
            refused.append(Refusal(name, "not_speaking", f"another face goes with the sound ({listed})"))
        else:
            detail = f"several faces are seen at once and it is not clear whose lips go with the sound ({listed})"
            refused.append(Refusal(name, "speaker_unclear", detail))
    return refused


def _speaks(score: float, others: Sequence[float]) -> bool:
    return score >= _SPEAKS and all(score >= other + _AHEAD for other in others)
