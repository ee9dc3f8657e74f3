"""Doing a benchmark's runs, each once: train, render the test takes, measure, write down."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from pase.errors import InputError
from pase.evaluation.judge.store import LoadedJudge, load_judge, save_judge
from pase.evaluation.judge.training import clips_without, train_judge
from pase.evaluation.rendered.evaluate import Watched, score_video, sync_of
from pase.evaluation.rendered.score import Score
from pase.files import make_folder, write_text
from pase.video.speaker import Speaker
from pase_adapters.benchmark.hearing import driving_features, take_sounds, training_features
from pase_adapters.benchmark.plan import Plan, Run, runs_of
from pase_adapters.benchmark.subject import open_subject
from pase_adapters.reference.rendering import render_take
from pase_adapters.reference.training import Training, settings_for

RESULTS = "results.jsonl"

REAL = "real"
"""Name of the features of videos as they were filmed."""


@dataclass(frozen=True)
class Result:
    """What a run gave.

    Attributes:
        features: Name of the features.
        renderer: Name of the renderer.
        seed: Of the training.
        condition: How the driving sound was heard.
        identity: Of the run.
        scores: Measure to its mean over the test takes, each take weighted by what the measure rests on.
        psnr: Of frames of the training footage that were kept from training, in dB.
        seconds: Of training.
        judge: What judged the sync.
    """

    features: str
    renderer: str
    seed: int
    condition: str
    identity: str
    scores: dict[str, float]
    psnr: float
    seconds: float
    judge: str


class Bench:
    """A benchmark in a folder.

    Args:
        plan: What is compared.
        folder: For footage, features, trained renderers, videos and results.
        find: Where the person is in a video, such as `pase.video.speaker.find_speaker` with its model.
        say: Takes a line for the user.
    """

    def __init__(self, plan: Plan, folder: Path, find: Callable[[Path], Speaker], say: Callable[[str], None]) -> None:
        self.plan, self.folder, self._find, self._say = plan, make_folder(folder), find, say
        self.subject = open_subject(plan, folder, self._find)
        self._judge = self._open_judge()
        self._sounds = take_sounds(self.subject.test)
        self._filmed = [Watched(take.video, self._find(take.video)) for take in self.subject.test.takes]

    @property
    def results(self) -> list[Result]:
        """All that is done."""
        path = self.folder / RESULTS
        return [Result(**json.loads(line)) for line in path.read_text().splitlines()] if path.is_file() else []

    def run(self, most: int | None = None) -> None:
        """Do what is still lacking, at most so many trainings."""
        done = {(result.identity, result.condition) for result in self.results}
        names = [condition.name for condition in self.plan.heard]
        todo = [run for run in runs_of(self.plan) if any((run.identity, name) not in done for name in names)]
        self._say(f"{len(todo)} of {len(runs_of(self.plan))} runs to do; results in {self.folder / RESULTS}")
        self._measure_filmed(done)
        for number, run in enumerate(todo[:most], start=1):
            self._append(self._do(run))
            self._say(f"[{number}/{len(todo)}] {run.name}")

    def video(self, run: Run, condition: str, take: str) -> Path:
        """Where a run's video of a take lies."""
        return self.folder / "runs" / f"{run.name}-{run.identity}" / condition.replace(" ", "_") / f"{take}.mp4"

    def _do(self, run: Run) -> list[Result]:
        features, hearing = training_features(
            run.source, self.subject.training, run.renderer, self.folder / "features" / self.plan.subject
        )
        settings = replace(settings_for(run.renderer), seed=run.seed)
        if self.plan.steps is not None:
            settings = replace(settings, steps=self.plan.steps, warm_up=min(settings.warm_up, self.plan.steps))
        folder = self.folder / "runs" / f"{run.name}-{run.identity}"
        start = time.monotonic()
        training = Training(self.subject.training, features, settings, folder)
        model = training.run().eval()
        seconds = time.monotonic() - start
        found = []
        for condition in self.plan.heard:
            driving = driving_features(
                hearing, self.subject.test, run.renderer, condition, self.folder / "features" / self.plan.subject
            )
            scores: list[Sequence[Score]] = []
            for place, (take, spoken) in enumerate(zip(self.subject.test.takes, driving, strict=True)):
                video = self.video(run, condition.name, take.video.stem)
                render_take(model, spoken, self.subject.test, take, video)
                scores.append(self._scores(Watched(video, self._find(video)), place))
            found.append(
                Result(
                    run.features,
                    run.renderer,
                    run.seed,
                    condition.name,
                    run.identity,
                    _means(scores),
                    training.psnr,
                    seconds,
                    self._judge.identity,
                )
            )
        return found

    def _scores(self, watched: Watched, place: int) -> list[Score]:
        filmed, record = self._filmed[place], self.subject.spoken[place]
        _, scores = score_video(watched, filmed, record.phones)
        return [*scores, *sync_of(watched, self._judge, self._sounds[place])]

    def _measure_filmed(self, done: set[tuple[str, str]]) -> None:
        """The real videos by the same measures: what a perfect renderer would get."""
        identity = f"{REAL}-{self.plan.subject}"
        if (identity, "clean") in done:
            return
        scores = [self._scores(watched, place) for place, watched in enumerate(self._filmed)]
        self._append([Result(REAL, "", 0, "clean", identity, _means(scores), 0.0, 0.0, self._judge.identity)])

    def _append(self, new: Sequence[Result]) -> None:
        lines = [json.dumps(asdict(result), sort_keys=True) for result in [*self.results, *new]]
        write_text(self.folder / RESULTS, "".join(f"{line}\n" for line in lines))

    def _open_judge(self) -> LoadedJudge:
        path = self.folder / f"judge-{self.plan.subject}.safetensors"
        if not path.is_file():
            takes = [*self.subject.training.takes, *self.subject.test.takes]
            records = clips_without(self.subject.corpus, {take.video.stem for take in takes})
            judge = train_judge(self.subject.corpus, records, self.plan.judge_steps, seed=0)
            save_judge(path, judge, {"clips": len(records), "steps": self.plan.judge_steps, "seed": 0})
        return load_judge(path)


def _means(scores: Sequence[Sequence[Score]]) -> dict[str, float]:
    """Mean of each measure over takes, weighted by what it rests on; left out where no take allows it."""
    named: dict[str, list[Score]] = {}
    for score in (own for take in scores for own in take):
        if np.isfinite(score.value):
            named.setdefault(score.name, []).append(score)
    return {
        name: float(np.average([own.value for own in found], weights=[own.count for own in found]))
        for name, found in named.items()
    }


def only(plan: Plan, features: Sequence[str], seeds: Sequence[int]) -> Plan:
    """A part of a plan.

    Raises:
        InputError: It has no such features.
    """
    if unknown := set(features) - set(plan.features):
        raise InputError(f"the benchmark has no features {', '.join(sorted(unknown))}")
    kept = {name: source for name, source in plan.features.items() if not features or name in features}
    return replace(plan, features=kept, seeds=tuple(seeds) or plan.seeds)
