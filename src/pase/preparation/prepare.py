"""`pase prepare`: from a folder of raw videos to a prepared corpus.

Each stage runs over all videos before the next begins, in the workers of an executor, and leaves its results in the
work folder. So what is broken is known early, a stage can be looked at, and a run that was killed at any moment goes on
by the same command; the corpus has the same bytes as one made in a single run, whatever ran it. Every video ends in the
manifest or in ``quarantine.tsv``, with the stage and the reason. The source is never written to.
"""

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from pase.corpus.remote import is_address
from pase.corpus.target import target_at
from pase.errors import InputError, PaseError
from pase.execution.base import Executor, TaskTimeoutError, WorkerDiedError
from pase.execution.local import LocalExecutor
from pase.execution.progress import ProgressReport
from pase.files import make_folder
from pase.preparation.options import PrepareOptions
from pase.preparation.outcomes import OUTCOMES, Outcome, OutcomeReader, OutcomeWriter, StageRefusal, run_fingerprint
from pase.preparation.pipeline import stages_of
from pase.preparation.sharding import write_shards
from pase.preparation.stage import Refusal, Stage, StageTask, load_record
from pase.preparation.summary import PrepareSummary, count_reasons, hours_of, write_tables
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import Listing, SourceVideo, discover
from pase.recipes.catalogue import recipe_of

T = TypeVar("T")

_TOGETHER = 32
"""Videos of one task that only looks at records."""


def prepare(source: Path, output: Path | str, options: PrepareOptions | None = None) -> PrepareSummary:
    """Prepare a corpus.

    Args:
        source: Folder with raw videos, laid out as the recipe says.
        output: Folder or address (``s3://...``) of the corpus; an interrupted preparation in it goes on.
        options: See `PrepareOptions`.

    Raises:
        InputError: Nothing in the source, the output cannot be written to or is at work in another process, too many
            videos cannot be used, or none can.
        MissingExtraError: Something optional that the options ask for is absent.
    """
    options = options or PrepareOptions()
    listing = discover(source, recipe_of(options.recipe), options.validation_every)
    work = _work_folder(source, output, options)
    with _locked(work), _executor(options) as executor:
        stages = tuple(stage.prepared() for stage in stages_of(options))
        if options.redo:
            for folder in (options.redo, OUTCOMES):
                shutil.rmtree(work.folder / folder, ignore_errors=True)
        summary = _Run(listing, output, options, work, executor, stages).run()
    if options.discard_work and not options.until:
        shutil.rmtree(work.folder)
    return summary


class _Run:
    """One run over a listing."""

    def __init__(
        self,
        listing: Listing,
        output: Path | str,
        options: PrepareOptions,
        work: WorkFolder,
        executor: Executor,
        stages: Sequence[Stage],
    ) -> None:
        self.listing, self.output, self.options = listing, output, options
        self.work, self.executor, self.stages = work, executor, stages
        self.fingerprint = run_fingerprint(stages)
        self.lost: dict[str, StageRefusal] = {}
        self.seconds: dict[str, float] = {}
        self.started = time.monotonic()

    def run(self) -> PrepareSummary:
        """All stages, the tables, and if nothing speaks against it the corpus."""
        finished = self._finished()
        todo = [video for video in self.listing.videos if video.name not in finished]
        unsettled = self._stages(todo, finished)
        settled = [video for video in todo if video.name not in unsettled and video.name not in self.lost]
        outcomes = sorted([*finished.values(), *self._gather(settled)], key=lambda outcome: outcome.name)
        self._write_tables(outcomes)
        self._check_share(outcomes)
        if self.options.until in ("", "shards"):
            started = time.monotonic()
            self._write_corpus(outcomes)
            self.seconds["shards"] = time.monotonic() - started
        return self._summary(outcomes)

    def _finished(self) -> dict[str, Outcome]:
        """What an earlier run had finished with the same settings, by name."""
        tasks = _in_groups(self.listing.videos, _TOGETHER)
        reader = OutcomeReader(self.work, self.fingerprint)
        found = [outcome for _, result in self.executor.run(reader, tasks) for outcome in _unless_failed(result)]
        return {outcome.name: outcome for outcome in found if outcome is not None}

    def _stages(self, todo: Sequence[SourceVideo], finished: Mapping[str, Outcome]) -> set[str]:
        """Run the stages; returns the names of the videos for which more would have to be done."""
        unused = sum(not outcome.clips for outcome in finished.values()) + len(self.listing.refused)
        alive = list(todo)
        for number, stage in enumerate(self.stages, start=1):
            began = time.monotonic()
            alive = self._stage(number, stage, alive, finished)
            self.seconds[stage.name] = time.monotonic() - began
            if self._too_many(unused + len(todo) - len(alive)):
                return {video.name for video in alive} if number < len(self.stages) else set()
        complete = not self.options.until or self.options.until in ("clips", "shards")
        return set() if complete else {video.name for video in alive}

    def _stage(
        self, number: int, stage: Stage, alive: Sequence[SourceVideo], finished: Mapping[str, Outcome]
    ) -> list[SourceVideo]:
        """Run one stage; returns the videos that later ones can work on."""
        going: set[str] = set()
        if stage.batch_size == 1:
            tasks: Iterable[tuple[SourceVideo, ...]] = ((video,) for video in alive)
        else:
            tasks = self._batches(stage.batch_size, self.stages[number - 2].name, alive, finished)
        with ProgressReport(f"{number}/{len(self.stages)} {stage.name}", len(alive)) as progress:
            for videos, result in self.executor.run(StageTask.of(stage, self.work), tasks):
                if isinstance(result, BaseException):
                    self._lose(stage, videos, result)
                    result = ()
                going |= {outcome.name for outcome in result if outcome.alive}
                for video in videos:
                    if video.name not in finished:
                        progress.advance(failed=video.name not in going)
        return [video for video in alive if video.name in going]

    def _batches(
        self, size: int, before: str, alive: Sequence[SourceVideo], finished: Mapping[str, Outcome]
    ) -> Iterator[tuple[SourceVideo, ...]]:
        """Videos of one speaker together; the same batches whatever was finished before, so that the results are."""
        names = {video.name for video in alive}
        for name in finished:
            record = load_record(self.work, before, name)
            if record is not None and record.value is not None:
                names.add(name)
        videos = sorted((v for v in self.listing.videos if v.name in names), key=lambda v: (v.speaker, v.name))
        for batch in _in_groups(videos, size):
            if any(video.name not in finished for video in batch):
                yield batch

    def _lose(self, stage: Stage, videos: Sequence[SourceVideo], error: BaseException) -> None:
        """A task failed for no fault of its files that is known; the next run tries it again."""
        if isinstance(error, PaseError) or not isinstance(error, Exception):
            raise error
        reasons = {WorkerDiedError: "worker_died", TaskTimeoutError: "took_too_long"}
        reason = reasons.get(type(error), "internal_error")
        for video in videos:
            refusal = Refusal(video.name, reason, f"{type(error).__name__}: {error}; the next run tries it again")
            self.lost[video.name] = StageRefusal(stage.name, refusal)

    def _gather(self, videos: Sequence[SourceVideo]) -> list[Outcome]:
        names = tuple(stage.name for stage in self.stages)
        writer = OutcomeWriter(self.work, self.fingerprint, names, complete=not self.options.until)
        results = self.executor.run(writer, _in_groups(videos, _TOGETHER))
        return [outcome for _, result in results for outcome in _unless_failed(result)]

    def _write_tables(self, outcomes: Sequence[Outcome]) -> None:
        paths = {video.name: video.path for video in self.listing.videos}
        others = [
            *(
                (v.name, v.path, StageRefusal("discover", Refusal(v.name, v.reason, v.detail)))
                for v in self.listing.refused
            ),
            *((name, paths[name], refusal) for name, refusal in self.lost.items()),
        ]
        write_tables(target_at(self.output), paths, outcomes, others)

    def _write_corpus(self, outcomes: Sequence[Outcome]) -> None:
        splits = {video.name: video.split for video in self.listing.videos}
        clips = sorted(
            ((clip, splits[outcome.name]) for outcome in outcomes for clip in outcome.clips),
            key=lambda item: item[0].clip_id,
        )
        settings: dict[str, Any] = {stage.name: dict(stage.settings()) for stage in self.stages}
        settings["validation_every"] = self.options.validation_every
        write_shards(self.output, clips, self.work, self.executor, self.options.recipe, settings)

    def _summary(self, outcomes: Sequence[Outcome]) -> PrepareSummary:
        refused = [entry for outcome in outcomes for entry in outcome.refused] + list(self.lost.values())
        listed = [StageRefusal("discover", Refusal(v.name, v.reason, v.detail)) for v in self.listing.refused]
        return PrepareSummary(
            corpus=str(self.output),
            videos=len(self.listing.videos) + len(self.listing.refused),
            used=sum(bool(outcome.clips) for outcome in outcomes),
            clips=sum(len(outcome.clips) for outcome in outcomes),
            resumed=sum(outcome.resumed for outcome in outcomes),
            hours=hours_of(outcomes),
            quarantined=count_reasons([*refused, *listed]),
            remarks=sum(len(outcome.remarks) for outcome in outcomes),
            elapsed=time.monotonic() - self.started,
            stage_seconds=dict(self.seconds),
            until=self.options.until,
        )

    def _too_many(self, unused: int) -> bool:
        return unused > self.options.max_quarantine * (len(self.listing.videos) + len(self.listing.refused))

    def _check_share(self, outcomes: Sequence[Outcome]) -> None:
        unused = sum(not outcome.clips for outcome in outcomes) + len(self.lost) + len(self.listing.refused)
        summary = self._summary(outcomes)
        if unused == summary.videos:
            raise InputError(f"not one of {summary.videos} videos could be used.\n{summary}")
        if self._too_many(unused):
            raise InputError(
                f"{unused} of {summary.videos} videos could not be used, which is more than --max-quarantine "
                f"{self.options.max_quarantine:g} allows; the corpus was not written, what is finished is kept.\n"
                f"{summary}"
            )


def _in_groups(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    iterator = iter(items)
    while group := tuple(islice(iterator, size)):
        yield group


def _unless_failed(result: Any) -> Any:
    if isinstance(result, BaseException):
        raise result
    return result


def _work_folder(source: Path, output: Path | str, options: PrepareOptions) -> WorkFolder:
    """Where finished work lies, proven to be writable and apart from the source."""
    folder = options.work
    if is_address(output):
        if folder is None:
            raise InputError(f"{output} is no local folder: name one for what is finished with --work")
    else:
        folder = folder or Path(output) / "work"
        _check_apart(source, Path(output))
        make_folder(Path(output))
    _check_apart(source, folder)
    return WorkFolder(make_folder(folder).absolute())


def _check_apart(source: Path, folder: Path) -> None:
    if folder.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{folder} lies in the source {source}, which is never written to; choose another folder")


@contextmanager
def _locked(work: WorkFolder) -> Iterator[None]:
    """Nobody else works in this folder."""
    lock = FileLock(work.folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"another preparation is at work in {work.folder}. Wait for it, or stop it; what it has finished is kept."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _executor(options: PrepareOptions) -> Executor:
    if options.executor == "ray":
        from pase.execution.ray import RayExecutor

        return RayExecutor(options.ray_address, options.jobs, options.timeout)
    return LocalExecutor(options.workers, options.timeout)
