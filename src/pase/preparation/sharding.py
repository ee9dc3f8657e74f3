"""The last stage: finished clips become shards, several at a time, and then a manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pase.corpus.target import target_at
from pase.corpus.writing import ClipPart, WrittenShard, plan_shards, write_manifest, write_shard
from pase.errors import PaseError
from pase.execution.base import Executor
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
        if row is not None and row["key"] == job.key and job.name in target_at(self.target).names("shards"):
            return
        written = write_shard(self.target, job.name, job.parts)
        self.work.write_json(SHARDS, job.name, {"key": job.key, "shard": asdict(written)})


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
    jobs = list(_jobs(target, clips, work))
    with ProgressReport("shards", len(jobs)) as progress:
        for job, result in executor.run(ShardTask(target, work), jobs):
            if isinstance(result, PaseError) or (
                isinstance(result, BaseException) and not isinstance(result, Exception)
            ):
                raise result
            if isinstance(result, Exception):
                raise PaseError(f"the shard {job.name} could not be written: {result}. Run again.") from result
            progress.advance(failed=False)
    write_manifest(target, (_written(work, job.name) for job in jobs), recipe, settings)


def _jobs(target: Path | str, clips: Sequence[tuple[FinishedClip, str]], work: WorkFolder) -> Iterator[ShardJob]:
    position = 0
    for plan in plan_shards((clip.clip_id, clip.media_bytes) for clip, _ in clips):
        own = clips[position : position + len(plan.clip_ids)]
        position += len(own)
        parts = tuple(
            ClipPart(clip.clip_id, work.path(ClipStage.name, part_name(clip.clip_id)), split) for clip, split in own
        )
        key = digest_of([str(target), [[clip.clip_id, split, clip.digest] for clip, split in own]])
        yield ShardJob(plan.name, parts, key)


def _written(work: WorkFolder, name: str) -> WrittenShard:
    row = work.read_json(SHARDS, name)["shard"]
    return WrittenShard(row["name"], row["sha256"], tuple(row["clip_ids"]), tuple(row["rows"]))
