"""The whole benchmark at a small setting, on a synthetic person whose landmarks are known."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from filelock import FileLock

from pase.audio.waveform import load_audio
from pase.cli.main import main
from pase.corpus.store import Corpus
from pase.corpus.synthetic.generate import synthesize
from pase.errors import InputError
from pase.evaluation.judge.training import train_judge
from pase.video.media import open_media, video_track
from pase.video.speaker import Speaker, speaker_from_sidecar
from pase_adapters.benchmark.plan import OURS, Plan, read_plan
from pase_adapters.benchmark.recital import PAUSE, make_recital
from pase_adapters.benchmark.report import write_report
from pase_adapters.benchmark.results import read_result
from pase_adapters.benchmark.running import Bench
from pase_adapters.benchmark.runs import runs_of
from pase_adapters.reference.footage import make_footage
from pase_adapters.reference.rendering import there_and_back

CONFIGS = Path(__file__).parents[4] / "configs" / "benchmark"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("person")
    synthesize(folder / "raw", clips=8, speakers=1, seed=1, landmarks=True)
    arguments = ["prepare", str(folder / "raw"), str(folder / "corpus"), "--recipe", "folder", "--landmarks", "sidecar"]
    assert main([*arguments, "--validation-every", "2"]) == 0
    return folder


@pytest.fixture
def plan(prepared: Path) -> Plan:
    return Plan(
        corpus=str(prepared / "corpus"),
        videos=str(prepared / "raw"),
        training_clips=2,
        test_clips=1,
        features={"PASE": "pase", "log-mel": "log-mel"},
        seeds=(0,),
        size=32,
        steps=2,
        judge_steps=1,
        recitals={"others": str(prepared / "corpus")},
        recited_clips=1,
    )


def found_beside(prepared: Path, video: Path) -> Speaker:
    """A rendered clip shows the face where the clip that it was put into shows it; a recital goes there and back."""
    own = next((prepared / "raw").rglob(f"{video.stem}.mp4"), None)
    if own is not None:
        return speaker_from_sidecar(own)
    with open_media(video) as container:
        frames = video_track(video, container).frames
    first = speaker_from_sidecar(min((prepared / "raw").rglob("*.mp4")))
    return replace(first, points=first.points[there_and_back(len(first.points), frames)])


def test_runs_are_done_once_and_told(
    prepared: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    said: list[str] = []

    def open_bench(plan: Plan = plan) -> Bench:
        return Bench(plan, tmp_path, lambda video: found_beside(prepared, video), said.append)

    bench = open_bench()
    assert bench.drives == ["clean", "noise 5 dB", "others"]
    bench.run(most=1)
    runs = runs_of(plan)
    assert [bench.result(run, "clean") is None for run in runs] == [False, True, True, True]
    again = open_bench()
    with FileLock(tmp_path / "runs" / f".{runs[1].folder}.lock"):  # another process is at it
        again.run()
    assert [again.result(run, "others") is None for run in runs] == [False, True, False, False]
    again.run()
    assert [line for line in said if "to do" in line] == ["4 of 4 runs to do", "3 of 4 runs to do", "1 of 4 runs to do"]
    assert sorted(line for line in said if "done" in line) == sorted(f"{run.name} done" for run in runs)
    real = again.real.scores
    assert (real["LMD"], real["aperture"]) == (0, pytest.approx(1))
    found = again.result(runs[0], "clean")
    assert found is not None
    assert sum(frames for _, frames in found.phones.values()) > 0
    recited = again.result(runs[0], "others")
    assert recited is not None
    lips = [own for _, own in again.recitals[0].filmed]
    assert recited.counts["aperture"] == recited.counts["width"] == sum(len(own) for own in lips)
    assert -1 <= recited.scores["aperture"] <= 1
    page = write_report(again).read_text()
    for told in ("reference-3dgs", "video/mp4", "error by phone", "Learning curves", "reference-nerf: others"):
        assert told in page
    text = (tmp_path / "results.md").read_text()
    assert "4 of 4 runs done" in text
    assert "the videos as filmed" in text
    assert "at vowels ↓" in text
    assert "How far PASE is ahead" in text
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    (lmd,) = [
        row
        for row in rows
        if (row["renderer"], row["features"], row["driven by"], row["measure"])
        == (runs[0].renderer, runs[0].features, "clean", "LMD")
    ]
    assert float(lmd["value"]) == pytest.approx(found.scores["LMD"], rel=1e-5)
    assert (lmd["seed"], lmd["rests on"]) == ("0", str(found.counts["LMD"]))
    assert again.judge.identity in lmd["judge"]
    assert "h264, 25 frames a second" in lmd["video"]


def test_what_is_measured_anew(prepared: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    plan = replace(plan, renderers=("reference-nerf",), features={"PASE": "pase"})

    def bench(**changes: Any) -> Bench:
        return Bench(replace(plan, **changes), tmp_path, lambda video: found_beside(prepared, video), print)

    [run] = runs_of(plan)
    bench().run()
    trained = next((tmp_path / "runs").rglob("state.pt")).stat().st_mtime_ns
    other = bench(recited_clips=2, conditions=("snr5", "snr0"))
    assert [other.result(run, drive) is None for drive in other.drives] == [False, False, True, True]
    other.run()
    assert [other.result(run, drive) is None for drive in other.drives] == [False] * 4
    assert next((tmp_path / "runs").rglob("state.pt")).stat().st_mtime_ns == trained
    judged_anew = bench(judge_steps=2)
    assert judged_anew.result(run, "clean") is None


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "clean.json").write_text('{"features": 1}')
    with pytest.raises(InputError, match=r"clean\.json is damaged .*: remove it to measure anew"):
        read_result(tmp_path / "clean.json", "")


def test_recitals_are_clips_with_silence_around_each(prepared: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(prepared / "corpus")
    recital = make_recital("others", str(prepared / "corpus"), 2, tmp_path / "a.wav")
    records = corpus.split("validation")[::2]
    assert recital.frames == sum(record.frames for record in records) + 3 * PAUSE
    sound = load_audio(recital.sound)
    assert len(sound) == recital.frames * 640
    first = corpus.read(records[0]).waveform
    np.testing.assert_allclose(sound[PAUSE * 640 :][: len(first)], first, atol=1e-4)
    second = PAUSE + records[0].frames + PAUSE
    for silence in (sound[: PAUSE * 640], sound[(second - PAUSE) * 640 : second * 640]):
        assert 5e-4 < silence.std() < 2e-3
    spoken = [(second / 25 + one.start, one.phone) for one in records[1].phones.intervals]
    later = [(one.start, one.phone) for one in recital.phones.intervals if one.start >= second / 25 - 1e-6]
    assert later[: len(spoken)] == [(pytest.approx(start), phone) for start, phone in spoken]
    assert [first for first, _ in recital.filmed] == [PAUSE, second]
    np.testing.assert_array_equal(recital.filmed[1][1], corpus.read(records[1]).lip_points)


def test_a_recital_tells_its_lips_and_sound_from_others(prepared: Path, tmp_path: Path) -> None:
    one, same, other = (
        make_recital("others", str(prepared / "corpus"), count, tmp_path / f"{place}.wav")
        for place, count in enumerate((2, 2, 1))
    )
    assert one.identity == same.identity != other.identity
    unseen = replace(one, filmed=one.filmed[:1])
    assert unseen.identity != one.identity


def test_a_run_that_fails_is_told_and_the_others_are_done(
    prepared: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    plan, said = replace(plan, renderers=("reference-nerf",), conditions=(), recitals={}), list[str]()

    def find(video: Path) -> Speaker:
        if "log-mel" in str(video):
            raise InputError("no face at all")
        return found_beside(prepared, video)

    bench = Bench(plan, tmp_path, find, said.append)
    pase, log_mel = bench.runs
    assert bench.run() == [log_mel]
    assert bench.result(pase, "clean") is not None
    assert said[-1] == "reference-nerf, log-mel, seed 0 failed: no face at all"
    assert "1 of 2 runs done" in write_report(bench).with_name("results.md").read_text()


def test_the_judge_learns_from_no_clip_that_is_tested_or_recited(
    prepared: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    learnt: list[str] = []

    def train(corpus: Corpus, records: list[Any], steps: int, seed: int) -> Any:
        learnt.extend(record.clip_id for record in records)
        return train_judge(corpus, records, steps, seed)

    monkeypatch.setattr("pase_adapters.benchmark.running.train_judge", train)
    beside = prepared / "raw" / ".." / "corpus"  # the same corpus by another name
    bench = Bench(
        replace(plan, judge=str(beside), recited_clips=4), tmp_path, lambda one: found_beside(prepared, one), print
    )
    tested = {record.clip_id for record in bench.subject.spoken}
    assert learnt
    assert not tested & set(learnt)
    assert bench.recitals[0].frames == sum(record.frames for record in bench.subject.spoken) + 2 * PAUSE


def test_another_corpus_under_the_same_name_is_noticed(prepared: Path, plan: Plan, tmp_path: Path) -> None:
    training = tmp_path / f"training-{plan.learnt}"
    other = sorted((prepared / "raw").rglob("*.mp4"))[-1:]
    make_footage(other, training, plan.size, speaker_from_sidecar)
    with pytest.raises(InputError, match=r"the corpus has changed since .*training-.* was made of other clips"):
        Bench(plan, tmp_path, speaker_from_sidecar, print)


def test_runs_go_seed_by_seed(plan: Plan) -> None:
    plan = replace(plan, seeds=(0, 1))
    runs = runs_of(plan)
    assert [run.seed for run in runs] == [0] * 4 + [1] * 4
    assert len({run.identity for run in runs}) == 8
    assert not {run.identity for run in runs_of(replace(plan, steps=3))} & {run.identity for run in runs}
    assert runs_of(replace(plan, test_clips=2, conditions=())) == runs


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_plans_that_come_along_can_be_read(path: Path) -> None:
    assert read_plan(path).features[OURS] == "pase"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features": {"log-mel": "log-mel"}}, "lack PASE"),
        ({"renderers": ["ernerf"]}, "no reference renderer"),
        ({"conditions": ["loud"]}, "loud"),
        ({"conditions": ["clean"]}, "beside clean"),
        ({"seeds": [1, 1]}, "different seeds"),
        ({"recitals": {"clean": "c"}}, "share the name 'clean'"),
        ({"wrong": 1}, "wrong"),
        ({"features": {"PASE": "pase", "theirs": "os:environ"}}, "would import the module os, which runs its code"),
        ({"features": {"PASE": "pase", "../theirs": "log-mel"}}, "'../theirs' would be a folder's"),
        ({"recitals": {"../../read": "c"}}, "would be a folder's"),
        ({"features": ["pase"]}, "names and what makes them were expected"),
        ({"features": {"PASE": {"class_path": "os.system"}}}, "names and what makes them were expected"),
    ],
)
def test_plans_that_cannot_be_done(change: dict[str, object], told: str, tmp_path: Path) -> None:
    content = {"corpus": "a", "videos": "b", "training_clips": 1, "test_clips": 1, "features": {"PASE": "pase"}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(InputError, match=told):
        read_plan(tmp_path / "plan.yaml")


def test_a_module_that_the_user_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = {"PASE": "pase", "mine": "my_features:FEATURES"}
    content = {"corpus": "a", "videos": "b", "training_clips": 1, "test_clips": 1, "features": features}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("PASE_ALLOW_CLASSES", "my_features")
    assert read_plan(tmp_path / "plan.yaml").features["mine"] == "my_features:FEATURES"
    monkeypatch.setenv("PASE_ALLOW_CLASSES", "my_features_of_old")
    with pytest.raises(InputError, match="would import the module my_features"):
        read_plan(tmp_path / "plan.yaml")


def test_too_few_clips_or_videos(prepared: Path, plan: Plan, tmp_path: Path) -> None:
    find = speaker_from_sidecar
    with pytest.raises(InputError, match="are wanted"):
        Bench(replace(plan, training_clips=1000), tmp_path, find, print)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="lacks"):
        Bench(replace(plan, videos=str(tmp_path / "empty")), tmp_path, find, print)
