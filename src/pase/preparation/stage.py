"""What a stage of the preparation is: a function from a video and the results of earlier stages to a stored result."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pase.errors import UnusableClipError
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo


@dataclass(frozen=True, slots=True)
class Refusal:
    """A clip, or a whole video, that cannot be used.

    Attributes:
        clip: Name of the clip, or of the video.
        reason: One word or several joined by ``_``.
        detail: Why, for people.
    """

    clip: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage found of one video.

    Attributes:
        value: JSON values that the stage's own module turns back into its dataclass; None where nothing of the video
            can be used.
        refused: Clips of the video that end here; the video itself where `value` is None.
        remarks: Repairs and doubts, for people.
        media: Files to store beside the record, by their name relative to the stage's folder.
    """

    value: Any
    refused: tuple[Refusal, ...] = ()
    remarks: tuple[str, ...] = ()
    media: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A result as it was stored.

    Attributes:
        key: Of what the result was made; equal keys mean equal results.
        digest: Of the result itself, media included: what later stages are made of.
        value: As in `StageResult`.
        refused: As in `StageResult`.
        remarks: As in `StageResult`.
        media: Size in bytes of each file that lies beside the record, by its name.
    """

    key: str
    digest: str
    value: Any
    refused: tuple[Refusal, ...]
    remarks: tuple[str, ...]
    media: Mapping[str, int]


class Stage(ABC):
    """One step of the preparation. Small: it is sent to worker processes with every task."""

    name: ClassVar[str]
    """Also the name of its folder below ``work/``."""

    version: ClassVar[int] = 1
    """To be raised when the same input gives another result than before."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Stages whose results it reads."""

    @property
    def batch_size(self) -> int:
        """Videos that are worked on together."""
        return 1

    def settings(self) -> Mapping[str, Any]:
        """What the result depends on beside the video, as JSON values."""
        return {}

    def prepared(self) -> "Stage":
        """Prove before hours of work that the stage can run; returns it with all that its settings need to know.

        Raises:
            PaseError: It cannot run.
        """
        return self

    def works_on(self, video: SourceVideo) -> bool:
        """Whether there is something to do; otherwise a video passes without a result."""
        return True

    def files(self, video: SourceVideo) -> Sequence[Path]:
        """The user's files that it reads."""
        return ()

    def listed(self, video: SourceVideo) -> Sequence[str]:
        """What the recipe says of the video that the result depends on."""
        return ()

    @abstractmethod
    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Work on one video.

        Raises:
            UnusableClipError: Nothing of the video can be used.
        """

    def run_batch(self, videos: Sequence[SourceVideo], work: WorkFolder) -> list[StageResult]:
        """Work on several videos; one result for each, in their order."""
        return [self._run_or_refuse(video, work) for video in videos]

    def _run_or_refuse(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        try:
            return self.run(video, work)
        except UnusableClipError as error:
            return StageResult(None, (Refusal(video.name, error.reason, str(error)),))


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What became of one video in one stage.

    Attributes:
        name: Of the video.
        alive: Whether later stages have something to work on.
        resumed: Whether an earlier run had done it.
    """

    name: str
    alive: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class StageTask:
    """Runs a stage on a batch of videos in a worker process, leaving out what has been done."""

    stage: Stage
    work: WorkFolder
    fingerprint: str

    @classmethod
    def of(cls, stage: Stage, work: WorkFolder) -> "StageTask":
        """For a prepared stage."""
        return cls(stage, work, fingerprint(stage))

    def __call__(self, videos: Sequence[SourceVideo]) -> tuple[StageOutcome, ...]:
        """Work on the batch; done anew as a whole if one video of it has to be."""
        keys = self._keys(videos)
        found = [load_record(self.work, self.stage.name, video.name) for video in videos]
        if all(self._holds(record, key) for record, key in zip(found, keys, strict=True)):
            return tuple(
                StageOutcome(v.name, r.value is not None, True) for v, r in zip(videos, found, strict=True) if r
            )
        results = self.stage.run_batch(videos, self.work)
        for video, key, result in zip(videos, keys, results, strict=True):
            store_result(self.work, self.stage.name, video.name, key, result)
        return tuple(StageOutcome(v.name, r.value is not None, False) for v, r in zip(videos, results, strict=True))

    def _holds(self, record: StageRecord | None, key: str) -> bool:
        """Whether a record is of this key and its media are there."""
        return (
            record is not None
            and record.key == key
            and all(self.work.has(self.stage.name, file, size) for file, size in record.media.items())
        )

    def _keys(self, videos: Sequence[SourceVideo]) -> list[str]:
        """Equal keys mean equal results. In a batch a result may depend on what else the speaker says in it."""
        own = [self._own_key(video) for video in videos]
        if self.stage.batch_size == 1:
            return own
        together: dict[str, list[str]] = {}
        for video, key in zip(videos, own, strict=True):
            together.setdefault(video.speaker, []).append(key)
        return [digest_of([key, together[video.speaker]]) for video, key in zip(videos, own, strict=True)]

    def _own_key(self, video: SourceVideo) -> str:
        records = [load_record(self.work, need, video.name) for need in self.stage.needs]
        digests = [record.digest if record else "" for record in records]
        listed = list(self.stage.listed(video))
        return digest_of([self.fingerprint, listed, stamps(self.stage.files(video)), digests])


def fingerprint(stage: Stage) -> str:
    """What the stage's results depend on beside the videos."""
    return digest_of([stage.name, stage.version, dict(stage.settings())])


def stamps(files: Sequence[Path]) -> list[list[Any]]:
    """Name, size in bytes and time of change in ns of each file that is there."""
    found = []
    for path in files:
        with suppress(OSError):  # absent, or a name that is too long to exist
            state = path.stat()
            found.append([path.name, state.st_size, state.st_mtime_ns])
    return found


def load_record(work: WorkFolder, stage: str, name: str) -> StageRecord | None:
    """A stored result; None where there is none."""
    row = work.read_json(stage, name)
    if row is None:
        return None
    return StageRecord(
        key=row["key"],
        digest=row["digest"],
        value=row["value"],
        refused=tuple(Refusal(*entry) for entry in row["refused"]),
        remarks=tuple(row["remarks"]),
        media=row["media"],
    )


def value_of(work: WorkFolder, stage: str, name: str) -> Any:
    """The value of a stage that has been passed; its own module turns it into a dataclass."""
    record = load_record(work, stage, name)
    if record is None or record.value is None:
        raise LookupError(f"the stage {stage} has no result for {name}")
    return record.value


def store_result(work: WorkFolder, stage: str, name: str, key: str, result: StageResult) -> None:
    """Write the media, then the record that says that they are there; never is there an old record with new media."""
    work.remove_json(stage, name)
    for file, data in result.media.items():
        work.write_bytes(stage, file, data)
    content = {
        "value": result.value,
        "refused": [[refusal.clip, refusal.reason, refusal.detail] for refusal in result.refused],
        "remarks": list(result.remarks),
        "media": {file: len(data) for file, data in result.media.items()},
    }
    media = [[file, hashlib.sha256(data).hexdigest()] for file, data in sorted(result.media.items())]
    work.write_json(stage, name, {"key": key, "digest": digest_of([content, media]), **content})


def digest_of(value: Any) -> str:
    """A digest of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
