"""What became of each video in the end, for the tables and for the shards."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pase.preparation.stage import Refusal, Stage, digest_of, fingerprint, load_record, stamps
from pase.preparation.stages.clips import ClipStage, FinishedClip, load_finished, part_name
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

OUTCOMES = "outcomes"
"""The folder of the outcomes in the work folder."""


@dataclass(frozen=True, slots=True)
class StageRefusal:
    """A refusal, and the stage that it comes from."""

    stage: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a video.

    Attributes:
        name: Of the video.
        clips: Its clips that are ready for a shard.
        refused: What of it cannot be used.
        remarks: Repairs and doubts, for people.
    """

    name: str
    clips: tuple[FinishedClip, ...] = ()
    refused: tuple[StageRefusal, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeReader:
    """Finds out whether a video has been finished, in a worker process.

    Attributes:
        work: The work folder.
        run: Fingerprint of all stages.
    """

    work: WorkFolder
    run: str

    def __call__(self, videos: Sequence[SourceVideo]) -> tuple[Outcome | None, ...]:
        """The outcomes of videos that were finished with the same settings and the files as they are now."""
        return tuple(self._read(video) for video in videos)

    def _read(self, video: SourceVideo) -> Outcome | None:
        row = self.work.read_json(OUTCOMES, video.name)
        if row is None or row["key"] != run_key(self.run, video):
            return None
        refused = tuple(StageRefusal(stage, Refusal(*refusal)) for stage, refusal in row["refused"])
        clips = load_finished(row["clips"])
        if not all(self.work.has(ClipStage.name, part_name(clip.clip_id), clip.part_bytes) for clip in clips):
            return None
        return Outcome(video.name, clips, refused, tuple(row["remarks"]))


@dataclass(frozen=True, slots=True)
class OutcomeWriter:
    """Gathers what the stages said of a video and stores it, in a worker process.

    Attributes:
        work: The work folder.
        run: Fingerprint of all stages.
        stages: All stages in order.
        complete: Whether these are all stages; otherwise nothing is stored.
    """

    work: WorkFolder
    run: str
    stages: tuple[Stage, ...]
    complete: bool

    def __call__(self, videos: Sequence[SourceVideo]) -> tuple[Outcome, ...]:
        """The outcomes of videos that have passed all stages, or were refused by one."""
        return tuple(self._gather(video) for video in videos)

    def _gather(self, video: SourceVideo) -> Outcome:
        clips: tuple[FinishedClip, ...] = ()
        refused: list[StageRefusal] = []
        remarks: list[str] = []
        for stage in (stage.name for stage in self.stages if stage.works_on(video)):
            record = load_record(self.work, stage, video.name)
            if record is None:
                break
            refused += [StageRefusal(stage, refusal) for refusal in record.refused]
            remarks += record.remarks
            if record.value is None:
                break
            if stage == ClipStage.name:
                clips = load_finished(record.value)
        outcome = Outcome(video.name, clips, tuple(refused), tuple(remarks))
        if self.complete:
            self._store(outcome, run_key(self.run, video))
        return outcome

    def _store(self, outcome: Outcome, key: str) -> None:
        row = {
            "key": key,
            "clips": [asdict(clip) for clip in outcome.clips],
            "refused": [[r.stage, [r.refusal.clip, r.refusal.reason, r.refusal.detail]] for r in outcome.refused],
            "remarks": list(outcome.remarks),
        }
        self.work.write_json(OUTCOMES, outcome.name, row)


def run_fingerprint(stages: Sequence[Stage]) -> str:
    """What all results depend on beside the videos."""
    return digest_of([fingerprint(stage) for stage in stages])


def run_key(run: str, video: SourceVideo) -> str:
    """What a video's outcome is made of."""
    listed = [video.speaker, video.path, video.text, video.transcript_format, video.seen]
    return digest_of([run, *listed, stamps(video.files)])
