"""Running the stages over all videos, in an executor's workers."""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TypeVar

from pase.errors import PaseError
from pase.execution.base import Executor, TaskTimeoutError, WorkerDiedError
from pase.execution.progress import ProgressReport
from pase.preparation.outcomes import StageRefusal
from pase.preparation.stage import Refusal, Stage, StageTask
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

T = TypeVar("T")


class StageRunner:
    """Runs one stage after the other.

    Attributes:
        lost: Why videos were lost to a dying or hanging worker or a bug: nothing is stored of it, and the next run
            tries them again.
        redone: Names of the videos on which a stage had something to do.
        seconds: What each stage took.
    """

    def __init__(self, executor: Executor, work: WorkFolder, stages: Sequence[Stage]) -> None:
        self._executor, self._work, self._stages = executor, work, stages
        self.lost: dict[str, StageRefusal] = {}
        self.redone: set[str] = set()
        self.seconds: dict[str, float] = {}

    def run(self, number: int, videos: Sequence[SourceVideo]) -> list[SourceVideo]:
        """Run stage `number`, counted from 1; returns the videos that later ones can work on."""
        stage = self._stages[number - 1]
        began = time.monotonic()
        own = [video for video in videos if stage.works_on(video)]
        going = {video.name for video in videos if not stage.works_on(video)}
        batches = batches_of(stage, own)
        with ProgressReport(f"{number}/{len(self._stages)} {stage.name}", len(own)) as progress:
            while batches:
                batches = self._pass(stage, batches, going, progress)
        self.seconds[stage.name] = time.monotonic() - began
        return [video for video in videos if video.name in going]

    def _pass(
        self, stage: Stage, batches: Iterable[tuple[SourceVideo, ...]], going: set[str], progress: ProgressReport
    ) -> list[tuple[SourceVideo, ...]]:
        """Run the stage on batches; returns halves of those that failed as a whole."""
        halves: list[tuple[SourceVideo, ...]] = []
        for videos, result in self._executor.run(StageTask.of(stage, self._work), batches):
            if isinstance(result, BaseException):
                if len(videos) > 1 and isinstance(result, Exception) and not isinstance(result, PaseError):
                    halves += [videos[: len(videos) // 2], videos[len(videos) // 2 :]]
                    continue
                self._lose(stage, videos, result)
                result = ()
            going |= {outcome.name for outcome in result if outcome.alive}
            self.redone |= {outcome.name for outcome in result if not outcome.resumed}
            for video in videos:
                progress.advance(failed=video.name not in going)
        return halves

    def _lose(self, stage: Stage, videos: Sequence[SourceVideo], error: BaseException) -> None:
        if isinstance(error, PaseError) or not isinstance(error, Exception):
            raise error
        reasons = {WorkerDiedError: "worker_died", TaskTimeoutError: "took_too_long"}
        reason = reasons.get(type(error), "internal_error")
        for video in videos:
            detail = f"{video.path}: {type(error).__name__}: {error}; the next run tries it again"
            self.lost[video.name] = StageRefusal(stage.name, Refusal(video.name, reason, detail))


def batches_of(stage: Stage, videos: Sequence[SourceVideo]) -> list[tuple[SourceVideo, ...]]:
    """The tasks of a stage: single videos, or where it works on several those of a speaker beside each other."""
    if stage.batch_size == 1:
        return [(video,) for video in videos]
    groups: list[tuple[SourceVideo, ...]] = []
    batch: list[SourceVideo] = []
    ordered = sorted(videos, key=lambda video: (video.speaker, video.name))
    for _, own in groupby(ordered, key=lambda video: video.speaker):
        for part in in_groups(own, stage.batch_size):
            if batch and len(batch) + len(part) > stage.batch_size:
                groups.append(tuple(batch))
                batch = []
            batch += part
    return [*groups, tuple(batch)] if batch else groups


def in_groups(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Cut a sequence into tuples of `size` items; the last may have fewer."""
    iterator = iter(items)
    while group := tuple(islice(iterator, size)):
        yield group
