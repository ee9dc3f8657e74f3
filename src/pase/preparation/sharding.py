"""The last stage: finished clips become shards, several at a time, and then a manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pase.corpus.target import LocalTarget, target_at
from pase.corpus.writing import ClipPart, ShardPlan, WrittenShard, plan_shards, write_manifest, write_shard
from pase.execution.base import Executor, unless_failed
from pase.execution.progress import ProgressReport
from pase.preparation.stage import digest_of
from pase.preparation.stages.clips import ClipStage, FinishedClip, part_name
from pase.preparation.workfolder import WorkFolder

SHARDS = "shards"
"""The folder of the stage in the work folder."""


@dataclass(frozen=True, slots=True)
class ShardJob:
    """One shard to write.

    Attributes:
        name: Its file name.
        parts: Its clips.
        key: What it is made of; equal keys mean equal bytes.
    """

    name: str
    parts: tuple[ClipPart, ...]
    key: str


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Writes a shard in a worker process, unless it has been written.

    Attributes:
        target: Folder or address of the corpus.
        work: The work folder.
    """

    target: Path | str
    work: WorkFolder

    def __call__(self, job: ShardJob) -> None:
        """Write the shard, then its record in the work folder."""
        row = self.work.read_json(SHARDS, job.name)
        if row is not None and row["key"] == job.key and row["state"] == self._state(job.name) and row["state"]:
            return
        self.work.remove_json(SHARDS, job.name)
        written = write_shard(self.target, job.name, job.parts)
        row = {"key": job.key, "state": self._state(job.name), "shard": asdict(written)}
        self.work.write_json(SHARDS, job.name, row)

    def _state(self, name: str) -> list[int] | None:
        """Size and time of change of the shard, by which others' writing is noticed; None where that is not known."""
        place = target_at(self.target)
        if not isinstance(place, LocalTarget):
            return None
        try:
            state = (place.folder / "shards" / name).stat()
        except OSError:
            return None
        return [state.st_size, state.st_mtime_ns]


def write_shards(
    target: Path | str,
    clips: Sequence[tuple[FinishedClip, str]],
    work: WorkFolder,
    executor: Executor,
    recipe: str,
    settings: Mapping[str, Any],
) -> None:
    """Write all shards and complete the corpus.

    Args:
        target: Folder or address of the corpus.
        clips: The clips with their splits, sorted by clip id.
        work: Where their parts lie.
        executor: Writes the shards.
        recipe: For ``corpus.json``.
        settings: For ``corpus.json``.

    Raises:
        InputError: A part is damaged, or the target cannot be written to.
    """
    names = [plan.name for plan in _plans(clips)]
    with ProgressReport("shards", len(names)) as progress:
        for job, result in executor.run(ShardTask(target, work), _jobs(clips, work)):
            unless_failed(result, f"the shard {job.name} could not be written")
            progress.advance(failed=False)
    write_manifest(target, (_written(work, name) for name in names), recipe, settings)


def _plans(clips: Sequence[tuple[FinishedClip, str]]) -> Iterator[ShardPlan]:
    return plan_shards((clip.clip_id, clip.media_bytes) for clip, _ in clips)


def _jobs(clips: Sequence[tuple[FinishedClip, str]], work: WorkFolder) -> Iterator[ShardJob]:
    position = 0
    for plan in _plans(clips):
        own = clips[position : position + len(plan.clip_ids)]
        position += len(own)
        parts = tuple(
            ClipPart(clip.clip_id, work.path(ClipStage.name, part_name(clip.clip_id)), split) for clip, split in own
        )
        key = digest_of([[clip.clip_id, split, clip.digest] for clip, split in own])
        yield ShardJob(plan.name, parts, key)


def _written(work: WorkFolder, name: str) -> WrittenShard:
    row = work.read_json(SHARDS, name)["shard"]
    return WrittenShard(row["name"], row["sha256"], tuple(row["clip_ids"]), tuple(row["rows"]))
