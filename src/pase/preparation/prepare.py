"""`pase prepare`: from a folder of raw videos, or of speech without pictures, to a prepared corpus.

Each stage runs over all videos before the next begins, in the workers of an executor, and leaves its results in the
work folder. So what is broken is known early, a stage can be looked at, and a run that was killed at any moment goes on
by the same command; the corpus has the same bytes as one made in a single run, whatever ran it. Every video ends in the
manifest or in ``quarantine.tsv``, with the stage and the reason. The source is never written to.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pase.corpus.target import LocalTarget, Target, target_at
from pase.errors import InputError
from pase.execution.base import Executor, unless_failed
from pase.execution.choice import open_executor
from pase.preparation.folders import Folders, open_folders
from pase.preparation.options import STAGE_NAMES, PrepareOptions
from pase.preparation.outcomes import OUTCOMES, Outcome, OutcomeReader, OutcomeWriter, StageRefusal, run_fingerprint
from pase.preparation.pipeline import stages_of
from pase.preparation.runner import StageRunner, in_groups
from pase.preparation.sharding import SHARDS, write_shards
from pase.preparation.stage import Refusal, Stage
from pase.preparation.summary import PrepareSummary, count_reasons, hours_of, write_tables
from pase.recipes.base import Listing, RefusedVideo, SourceVideo, discover
from pase.recipes.catalogue import recipe_of

SLURM = "slurm"
"""Folder in the work folder with the logs of Slurm's workers."""

_TOGETHER = 32
"""Videos of one task that only looks at records."""

_RECORDS = "the records of finished videos could not be read or written"


def prepare(source: Path, output: Path | str, options: PrepareOptions | None = None) -> PrepareSummary:
    """Prepare a corpus.

    Args:
        source: Folder with raw videos or speech, laid out as the recipe says.
        output: Folder or address (``s3://...``) of the corpus; an interrupted preparation in it goes on.
        options: See `PrepareOptions`.

    Raises:
        InputError: Nothing in the source, the output cannot be written to or is at work in another process, too many
            videos cannot be used, or none can.
        MissingExtraError: Something optional that the options ask for is absent.
    """
    options = options or PrepareOptions()
    listing = discover(source, recipe_of(options.recipe), options.validation_every)
    with open_folders(source, output, options.work) as folders, _executor(options, folders.work.folder) as executor:
        needed = (stage for stage in stages_of(options) if any(map(stage.works_on, listing.videos)))
        stages = tuple(stage.prepared() for stage in needed)
        if options.redo:
            folders.clear([OUTCOMES, options.redo])
        summary = _Run(listing, folders, options, executor, stages).run()
        if options.discard_work:
            folders.discard([*STAGE_NAMES, OUTCOMES, SLURM])
    return summary


class _Run:
    """One run over a listing."""

    def __init__(
        self, listing: Listing, folders: Folders, options: PrepareOptions, executor: Executor, stages: Sequence[Stage]
    ) -> None:
        self.videos, self.folders, self.options = listing.videos, folders, options
        self.executor, self.stages = executor, stages
        self.runner = StageRunner(executor, folders.work, stages)
        self.fingerprint = run_fingerprint(stages)
        self.unlisted = [_unlisted(item) for item in listing.refused]
        self.started = time.monotonic()

    def run(self) -> PrepareSummary:
        """All stages, the tables, and if nothing speaks against it the corpus."""
        finished = self._finished()
        todo = [video for video in self.videos if video.name not in finished]
        unsettled = self._stages(todo, sum(not outcome.clips for outcome in finished.values()))
        settled = [v for v in todo if v.name not in unsettled and v.name not in self.runner.lost]
        outcomes = sorted([*finished.values(), *self._gather(settled)], key=lambda outcome: outcome.name)
        self._write_tables(outcomes, LocalTarget(self.folders.work.folder))
        self._check_share(outcomes)
        if not self.options.until:
            began = time.monotonic()
            self._write_corpus(outcomes)
            self._write_tables(outcomes, target_at(self.folders.output))
            self.runner.seconds[SHARDS] = time.monotonic() - began
        return self._summary(outcomes, complete=not self.options.until)

    def _finished(self) -> dict[str, Outcome]:
        """What an earlier run had finished with the same settings, by name."""
        if any(stage.batch_size > 1 for stage in self.stages):
            return {}  # what a batch gives depends on all of it
        tasks = in_groups(self.videos, _TOGETHER)
        reader = OutcomeReader(self.folders.work, self.fingerprint)
        found = [
            outcome for _, result in self.executor.run(reader, tasks) for outcome in unless_failed(result, _RECORDS)
        ]
        return {outcome.name: outcome for outcome in found if outcome is not None}

    def _stages(self, todo: Sequence[SourceVideo], unused: int) -> set[str]:
        """Run the stages; returns the names of the videos for which more would have to be done."""
        alive = list(todo)
        for number in range(1, len(self.stages) + 1):
            alive = self.runner.run(number, alive)
            if not alive or self._too_many(unused + len(self.unlisted) + len(todo) - len(alive)):
                return {video.name for video in alive} if number < len(self.stages) else set()
        return {video.name for video in alive} if self.options.until not in ("", "clips") else set()

    def _gather(self, videos: Sequence[SourceVideo]) -> list[Outcome]:
        writer = OutcomeWriter(self.folders.work, self.fingerprint, tuple(self.stages), complete=not self.options.until)
        results = self.executor.run(writer, in_groups(videos, _TOGETHER))
        return [outcome for _, result in results for outcome in unless_failed(result, _RECORDS)]

    def _write_tables(self, outcomes: Sequence[Outcome], target: Target) -> None:
        paths = {video.name: video.path for video in self.videos}
        lost = ((name, paths[name], refusal) for name, refusal in self.runner.lost.items())
        write_tables(target, paths, outcomes, [*self.unlisted, *lost])

    def _write_corpus(self, outcomes: Sequence[Outcome]) -> None:
        splits = {video.name: video.split for video in self.videos}
        clips = sorted(
            ((clip, splits[outcome.name]) for outcome in outcomes for clip in outcome.clips),
            key=lambda item: item[0].clip_id,
        )
        settings: dict[str, Any] = {stage.name: dict(stage.settings()) for stage in self.stages}
        settings["validation_every"] = self.options.validation_every
        write_shards(self.folders.output, clips, self.folders.work, self.executor, self.options.recipe, settings)

    def _summary(self, outcomes: Sequence[Outcome], complete: bool) -> PrepareSummary:
        refused = [entry for outcome in outcomes for entry in outcome.refused]
        others = [*self.runner.lost.values(), *(refusal for _, _, refusal in self.unlisted)]
        return PrepareSummary(
            corpus=str(self.folders.output),
            tables=str(self.folders.output if complete else self.folders.work.folder),
            videos=len(self.videos) + len(self.unlisted),
            used=sum(bool(outcome.clips) for outcome in outcomes),
            clips=sum(len(outcome.clips) for outcome in outcomes),
            resumed=sum(outcome.name not in self.runner.redone for outcome in outcomes),
            hours=hours_of(outcomes),
            quarantined=count_reasons([*refused, *others]),
            remarks=sum(len(outcome.remarks) for outcome in outcomes),
            elapsed=time.monotonic() - self.started,
            stage_seconds=dict(self.runner.seconds),
            until=self.options.until,
        )

    def _too_many(self, unused: int) -> bool:
        return unused > self.options.max_quarantine * (len(self.videos) + len(self.unlisted))

    def _check_share(self, outcomes: Sequence[Outcome]) -> None:
        unused = sum(not outcome.clips for outcome in outcomes) + len(self.runner.lost) + len(self.unlisted)
        summary = self._summary(outcomes, complete=False)
        if unused == summary.videos:
            raise InputError(f"not one of {summary.videos} videos could be used.\n{summary}")
        if self._too_many(unused):
            raise InputError(
                f"{unused} of {summary.videos} videos could not be used, which is more than --max-quarantine "
                f"{self.options.max_quarantine:g} allows; the corpus was not written, what is finished is kept.\n"
                f"{summary}"
            )


def _unlisted(item: RefusedVideo) -> tuple[str, str, StageRefusal]:
    """Clip, path and refusal of a video that the recipe could not list."""
    clip = item.path if item.reason == "duplicate_name" else item.name  # the name is another video's
    return clip, item.path, StageRefusal("discover", Refusal(clip, item.reason, item.detail))


def _executor(options: PrepareOptions, work: Path) -> Executor:
    return open_executor(
        options.executor, options.jobs, work / SLURM, options.timeout, options.ray_address, options.slurm
    )
