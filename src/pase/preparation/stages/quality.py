"""Is a clip good enough to learn from? Measures of every clip, and limits for what nobody can want."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

import numpy as np

from pase.audio.waveform import Waveform
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.preparation.limits import REASONS, QualityLimits
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.crop import CropFacts, CropStage, load_crop_facts
from pase.preparation.stages.normalise import NormaliseStage, load_sound, load_sound_facts
from pase.preparation.stages.offset import OffsetStage, load_offsets, piece_sound
from pase.preparation.stages.tracks import TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_SPEECH = 0.1  # of the loudest frames' level: what is quieter is pause


@dataclass(frozen=True, slots=True)
class QualityStage(Stage):
    """Measures each clip and refuses the useless.

    The sound is measured as it is in the file, whether or not a later stage moves it by a measured offset: what a clip
    is refused for does not hang on that choice.

    Attributes:
        limits: What a clip needs.
        keep_silent: Let clips pass whose sound is absent or less loud than the limit; they have no sound from here on.
    """

    name = "quality"
    needs = (NormaliseStage.name, TrackStage.name, CropStage.name, OffsetStage.name)

    limits: QualityLimits = field(default_factory=QualityLimits)
    keep_silent: bool = False

    def settings(self) -> Mapping[str, Any]:
        """The limits, and what becomes of silent clips."""
        silent = {"silent_videos": "keep"} if self.keep_silent else {}
        return {"limits": [getattr(self.limits, name) for name in QualityLimits.__slots__], **silent}

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Measure all clips of the video that are left."""
        sound = load_sound(work, video.name)
        seen = load_crop_facts(work, video.name) if video.seen else {}
        clipped = load_sound_facts(work, video.name).clipped
        kept = load_offsets(work, video.name)
        measures = {
            piece.name: self._measure(seen.get(piece.name), piece_sound(piece, sound), clipped, len(sound) > 0)
            for piece in load_pieces(work, video.name)
            if piece.name in kept
        }
        refused = [Refusal(name, *reason) for name, own in measures.items() if (reason := self.reason(own)) is not None]
        out = {refusal.clip for refusal in refused}
        good = {name: own for name, own in measures.items() if name not in out}
        return StageResult(good or None, tuple(refused))

    def _measure(self, seen: CropFacts | None, sound: Waveform, clipped: float, heard: bool) -> dict[str, float]:
        measures = measure(seen, sound if heard else None, clipped)
        if seen is not None and self.keep_silent and measures.get("loudness", inf) < self.limits.loudness:
            return measure(seen, None, clipped)
        return measures

    def reason(self, measures: Mapping[str, float]) -> tuple[str, str] | None:
        """Reason and detail of the first limit that is broken; None for a good clip."""
        for name, reason in REASONS.items():
            least = getattr(self.limits, name)
            if name in measures and measures[name] < least:
                return reason, f"{name} is {measures[name]:g}; at least {least:g} is needed"
        return None


def load_quality(work: WorkFolder, name: str) -> Mapping[str, Mapping[str, float]]:
    """The measures of those clips of a video that are kept, by the clips' names.

    A clip without usable sound has those of its picture alone, one without a picture those of its sound.
    """
    measures: Mapping[str, Mapping[str, float]] = value_of(work, QualityStage.name, name)
    return measures


def measure(seen: CropFacts | None, sound: Waveform | None, clipped: float) -> dict[str, float]:
    """The measures of one clip by name: those of `CropFacts`, and these of the sound; what is absent has none.

    ``loudness`` (root mean square, of full scale), ``snr`` (dB between the 90th and the 10th percentile of the level of
    40-ms frames; 60 at most), ``speech`` (share of frames that are not pause), ``clipping`` (share of samples at full
    scale in the whole video).
    """
    lips = {} if seen is None else {name: round(value, 5) for name, value in asdict(seen).items()}
    return {**lips, **({} if sound is None else _measure_sound(sound, clipped))}


def _measure_sound(sound: Waveform, clipped: float) -> dict[str, float]:
    level = np.sqrt(np.square(sound.reshape(-1, SAMPLES_PER_FRAME), dtype=np.float64).mean(axis=1))
    loud, quiet = np.percentile(level, [90, 10])
    snr = min(60.0, 20 * np.log10(max(loud, 1e-9) / max(quiet, 1e-9)))
    measures = {
        "loudness": np.sqrt(np.mean(np.square(level))),
        "snr": snr,
        "speech": (level > _SPEECH * loud).mean(),
        "clipping": clipped,
    }
    return {name: round(float(value), 5) for name, value in measures.items()}
