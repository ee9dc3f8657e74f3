"""Doing a benchmark's runs, each once: train, drive by what nobody trained on, measure, write down."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from pase.audio.condition import Condition, degrade
from pase.audio.waveform import Waveform, load_audio
from pase.corpus.store import Corpus
from pase.errors import PaseError
from pase.evaluation.judge.store import LoadedJudge, load_judge, save_judge
from pase.evaluation.judge.training import clips_without, train_judge
from pase.evaluation.rendered.driven import score_driven
from pase.evaluation.rendered.evaluate import Watched, score_video, sync_of
from pase.evaluation.rendered.metrics import aperture, distance_by_phone, score_following
from pase.evaluation.rendered.score import Score
from pase.files import make_folder
from pase.video.speaker import Speaker
from pase_adapters.benchmark.hearing import Hearing, cut, training_features, write_rows
from pase_adapters.benchmark.plan import Plan, short_hash
from pase_adapters.benchmark.recital import Recital, make_recital
from pase_adapters.benchmark.results import Result, counts, means, read_result, sums, write_result
from pase_adapters.benchmark.runs import Run, runs_of
from pase_adapters.benchmark.subject import open_subject
from pase_adapters.reference.features import Features
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.rendering import render, render_take
from pase_adapters.reference.training import Training

REAL = "real"
"""Name of the features of videos as they were filmed."""

RECITED = "recital"
"""Name of the video of a recital."""

_SEED = 0
"""Of noise and judge."""

_MEASURES = 2
"""Number of the definitions of scores: results by others are measured anew."""


class Bench:
    """A benchmark in a folder.

    Args:
        plan: What is compared.
        folder: For footage, features, trained renderers, videos and results.
        find: Where the person is in a video, such as `pase.video.speaker.find_speaker` with its model.
        say: Takes a line for the user.
        landmarks: What `find` finds faces by, to be told beside the scores.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        find: Callable[[Path], Speaker],
        say: Callable[[str], None],
        landmarks: str = "unknown",
    ) -> None:
        self.plan, self.folder, self.landmarks, self._find, self._say = plan, folder, landmarks, find, say
        self.runs = runs_of(plan)
        make_folder(folder / "runs")
        with FileLock(folder / ".lock"):
            self.subject = open_subject(plan, folder, self._find)
            self.judge = self._open_judge()
            self.recitals = self._open_recitals()
            self._sounds = self._take_sounds()
            self._filmed = [Watched(take.video, self._find(take.video)) for take in self.subject.test.takes]
            self._gaps = np.concatenate([aperture(one.speaker.lips) for one in self._filmed])
            self.real = self._measure_filmed()

    @property
    def drives(self) -> list[str]:
        """Names of all that renderers are driven by."""
        return [*(condition.name for condition in self.plan.heard), *self.plan.recitals]

    def result(self, run: Run, drive: str) -> Result | None:
        """What is known of a run."""
        return read_result(self._place(run, drive).with_suffix(".json"), self._measured(drive))

    def video(self, run: Run, drive: str, take: str) -> Path:
        """Where a run's video of a test clip lies."""
        return self._place(run, drive) / f"{take}.mp4"

    def curve(self, run: Run) -> Path:
        """Where a run's learning curve lies."""
        return self.folder / "runs" / run.folder / "curve.csv"

    def run(self, most: int | None = None) -> list[Run]:
        """Do what is still lacking and what no other process does, at most so many runs.

        A run that fails is told and left; the others go on.

        Returns:
            The runs that failed.
        """
        lacking = [run for run in self.runs if self._lacks(run)]
        self._say(f"{len(lacking)} of {len(self.runs)} runs to do")
        failed: list[Run] = []
        done, before = 0, -1
        while before < done + len(failed):  # again, for what a process that has died in the meantime left behind
            before = done + len(failed)
            for run in lacking:
                if done == most:
                    return failed
                if run in failed or not self._lacks(run):
                    continue
                with suppress(Timeout), FileLock(self.folder / "runs" / f".{run.folder}.lock", timeout=0):
                    if self._lacks(run):
                        try:
                            self._do(run)
                        except PaseError as error:
                            failed.append(run)
                            self._say(f"{run.name} failed: {error}")
                        else:
                            done += 1
                            self._say(f"{run.name} done")
        if others := [run.name for run in lacking if run not in failed and self._lacks(run)]:
            self._say(f"left to another process: {'; '.join(others)}")
        return failed

    def _lacks(self, run: Run) -> bool:
        return any(self.result(run, drive) is None for drive in self.drives)

    def _do(self, run: Run) -> None:
        training, hearing = self._training(run)
        model = training.run().eval()
        for condition in self.plan.heard:
            if self.result(run, condition.name) is None:
                scores, phones = self._speak_takes(run, model, hearing, condition)
                self._write(run, condition.name, scores, phones)
        for recital in self.recitals:
            if self.result(run, recital.name) is None:
                self._write(run, recital.name, self._recite(run, model, hearing, recital), {})

    def _training(self, run: Run) -> tuple[Training, Hearing]:
        folder = self.folder / f"features-{self.plan.learnt}"
        features, hearing = training_features(run.source, self.subject.training, folder)
        return Training(self.subject.training, features, run.settings, self.folder / "runs" / run.folder), hearing

    def _speak_takes(
        self, run: Run, model: ReferenceRenderer, hearing: Hearing, condition: Condition
    ) -> tuple[list[list[Score]], dict[str, tuple[float, int]]]:
        """Render the test clips, driven by their own sound as it is heard under a condition."""
        test, sounds = self.subject.test, self._sounds
        scores, phones = [], []
        for place, (take, sound) in enumerate(zip(test.takes, sounds, strict=True)):
            heard = degrade(sound, condition, _SEED, [*sounds[place + 1 :], *sounds[:place]])
            video = self.video(run, condition.name, take.video.stem)
            driving = self._driving(video, hearing, heard, take.frames)
            render_take(model, driving, test, take, video)
            watched, filmed, spoken = Watched(video, self._find(video)), self._filmed[place], self.subject.spoken[place]
            frames, lips = score_video(watched, filmed, spoken.phones)
            scores.append([*lips, *sync_of(watched, self.judge, sound)])
            if spoken.phones is not None:
                points, wanted = watched.speaker.lips[:frames], filmed.speaker.lips[:frames]
                phones.append(distance_by_phone(points, wanted, spoken.phones))
        return scores, sums(phones)

    def _recite(self, run: Run, model: ReferenceRenderer, hearing: Hearing, recital: Recital) -> list[list[Score]]:
        """Render a recital onto the first test clip's pictures, there and back: scores of all, and of each face."""
        sound = load_audio(recital.sound)
        video = self.video(run, recital.name, RECITED)
        driving = self._driving(video, hearing, sound, recital.frames)
        render(model, driving, recital.sound, self.subject.test, video)
        watched = Watched(video, self._find(video))
        lips = watched.speaker.lips
        return [
            [*score_driven(lips, recital.phones, self._gaps), *sync_of(watched, self.judge, sound)],
            *(score_following(lips[first : first + len(own)], own) for first, own in recital.filmed),
        ]

    def _driving(self, video: Path, hearing: Hearing, sound: Waveform, frames: int) -> Features:
        return write_rows(make_folder(video.parent) / f"{video.stem}.npy", hearing.hear(sound, frames))

    def _write(
        self, run: Run, drive: str, scores: Sequence[Sequence[Score]], phones: dict[str, tuple[float, int]]
    ) -> None:
        result = Result(
            *(run.features, run.renderer, run.seed, drive, self._measured(drive)),
            *(means(scores), self.judge.identity, counts(scores), phones),
        )
        write_result(self._place(run, drive).with_suffix(".json"), result)

    def _measure_filmed(self) -> Result:
        """The real videos by the same measures: what a perfect renderer would get."""
        path, measured = self.folder / f"filmed-{self.plan.tested}.json", self._measured(REAL)
        if found := read_result(path, measured):
            return found
        scores = []
        for watched, spoken, sound in zip(self._filmed, self.subject.spoken, self._sounds, strict=True):
            scores.append([*score_video(watched, watched, spoken.phones)[1], *sync_of(watched, self.judge, sound)])
            if spoken.phones is not None:
                scores.append(score_driven(watched.speaker.lips, spoken.phones, self._gaps)[:3])
        result = Result(REAL, "", 0, "", measured, means(scores), self.judge.identity, counts(scores))
        write_result(path, result)
        return result

    def _take_sounds(self) -> list[NDArray[np.float32]]:
        sound = load_audio(self.subject.test.sound)
        return [cut(sound, take) for take in self.subject.test.takes]

    def _place(self, run: Run, drive: str) -> Path:
        return self.folder / "runs" / run.folder / drive.replace(" ", "_")

    def _measured(self, drive: str) -> str:
        heard = [self.plan.driven(drive), *(one.identity for one in self.recitals if one.name == drive)]
        return short_hash([_MEASURES, *heard, self.judge.identity])

    def _open_recitals(self) -> list[Recital]:
        """Recitals; of the corpus that the judge learns from, only clips that are kept from it."""
        folder, recitals = make_folder(self.folder / "recitals"), []
        for name, corpus in self.plan.recitals.items():
            among = self._tested if _same_place(corpus, self._judges_corpus) else None
            sound = folder / f"{name.replace(' ', '_')}-{self.plan.driven(name)}.wav"
            recitals.append(make_recital(name, corpus, self.plan.recited_clips, sound, among))
        return recitals

    @property
    def _judges_corpus(self) -> str:
        return self.plan.judge or self.plan.corpus

    @property
    def _tested(self) -> set[str]:
        """Ids of the tested clips that the judge's corpus holds."""
        if not _same_place(self.plan.corpus, self._judges_corpus):
            return set()
        return {record.clip_id for record in self.subject.spoken}

    def _open_judge(self) -> LoadedJudge:
        path = self.folder / f"judge-{self.plan.judged}.safetensors"
        if not path.is_file():
            corpus = Corpus.open(self._judges_corpus)
            apart = {Path(record.source).stem for record in corpus.records if record.clip_id in self._tested}
            records = clips_without(corpus, apart, "validation")
            judge = train_judge(corpus, records, self.plan.judge_steps, _SEED)
            save_judge(path, judge, {"clips": len(records), "steps": self.plan.judge_steps, "seed": _SEED})
        return load_judge(path)


def _same_place(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()
