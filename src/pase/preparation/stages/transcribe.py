"""The words of videos that come without any, by speech recognition (only where a model is given)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pase.phonemes.transcription import Transcriber, Transcript
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.stages.normalise import NormaliseStage, load_sound_facts, sound_path
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo


@dataclass(frozen=True, slots=True)
class TranscribeStage(Stage):
    """Listens to the sound of each video that has neither words nor phones.

    Attributes:
        transcriber: The recogniser with its model.
    """

    name = "transcribe"
    needs = (NormaliseStage.name,)

    transcriber: Transcriber

    def settings(self) -> Mapping[str, Any]:
        """The model and its limits."""
        return self.transcriber.settings()

    def prepared(self) -> "TranscribeStage":
        """The stage, its model proven to load."""
        self.transcriber.check()
        return self

    def listed(self, video: SourceVideo) -> tuple[str, ...]:
        """Whether there are words or phones already."""
        return ("known",) if _known(video) else ()

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Listen, where nothing else tells the words."""
        if _known(video) or not load_sound_facts(work, video.name).samples:
            return StageResult({})
        heard = self.transcriber.transcribe(sound_path(work, video.name))
        return StageResult(asdict(heard))


def load_transcript(work: WorkFolder, name: str) -> Transcript | None:
    """What was heard in a video; None where there was no need to listen."""
    row = value_of(work, TranscribeStage.name, name)
    return Transcript(**row) if row else None


def _known(video: SourceVideo) -> bool:
    return video.given is not None or video.transcript is not None or bool(video.text)
