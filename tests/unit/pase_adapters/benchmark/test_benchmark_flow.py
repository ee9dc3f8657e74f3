"""The whole benchmark at a small setting, on a synthetic person whose landmarks are known."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pase.cli.main import main
from pase.corpus.synthetic.generate import synthesize
from pase.errors import InputError
from pase.video.speaker import Speaker, speaker_from_sidecar
from pase_adapters.benchmark.plan import Plan, read_plan, runs_of
from pase_adapters.benchmark.report import write_report
from pase_adapters.benchmark.running import REAL, Bench, only

CONFIGS = Path(__file__).parents[4] / "configs" / "benchmark"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("person")
    synthesize(folder / "raw", clips=8, speakers=1, seed=1, landmarks=True)
    arguments = ["prepare", str(folder / "raw"), str(folder / "corpus"), "--recipe", "folder", "--landmarks", "sidecar"]
    assert main([*arguments, "--validation-every", "4"]) == 0
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
    )


def found_beside(prepared: Path, video: Path) -> Speaker:
    """A rendered clip shows the face where the clip that it was put into shows it."""
    return speaker_from_sidecar(next((prepared / "raw").rglob(f"{video.stem}.mp4")))


def test_runs_are_done_once_and_told(
    prepared: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    said: list[str] = []
    bench = Bench(plan, tmp_path, lambda video: found_beside(prepared, video), said.append)
    bench.run(most=1)
    assert [result.features for result in bench.results] == [REAL, "PASE", "PASE"]
    again = Bench(plan, tmp_path, lambda video: found_beside(prepared, video), said.append)
    again.run()
    results = again.results
    assert said[0].startswith("4 of 4 runs to do")
    assert any(line.startswith("3 of 4 runs to do") for line in said)
    assert len(results) == 1 + 4 * 2
    assert len({(own.identity, own.condition) for own in results}) == len(results)
    real = results[0].scores
    assert (real["LMD"], real["aperture"]) == (0, pytest.approx(1))
    assert {own.condition for own in results} == {"clean", "noise 5 dB"}
    page = write_report(again).read_text()
    assert "reference-3dgs" in page
    assert "video/mp4" in page
    text = (tmp_path / "results.md").read_text()
    assert "4 of 4 runs done" in text
    assert "the videos as filmed" in text


def test_runs_go_seed_by_seed(plan: Plan) -> None:
    plan = replace(plan, seeds=(0, 1))
    runs = runs_of(plan)
    assert [run.seed for run in runs] == [0] * 4 + [1] * 4
    assert len({run.identity for run in runs}) == 8
    assert {run.identity for run in runs_of(only(plan, ["PASE"], [1]))} < {run.identity for run in runs}
    assert not {run.identity for run in runs_of(replace(plan, steps=3))} & {run.identity for run in runs}
    with pytest.raises(InputError, match="no features MFCC"):
        only(plan, ["MFCC"], [])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_plans_that_come_along_can_be_read(path: Path) -> None:
    assert runs_of(read_plan(path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features": {"log-mel": "log-mel"}}, "lack PASE"),
        ({"renderers": ["ernerf"]}, "no reference renderer"),
        ({"conditions": ["loud"]}, "loud"),
        ({"conditions": ["clean"]}, "beside clean"),
        ({"seeds": [1, 1]}, "different seeds"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_plans_that_cannot_be_done(change: dict[str, object], told: str, tmp_path: Path) -> None:
    content = {"corpus": "a", "videos": "b", "training_clips": 1, "test_clips": 1, "features": {"PASE": "pase"}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(InputError, match=told):
        read_plan(tmp_path / "plan.yaml")


def test_too_few_clips_or_videos(prepared: Path, plan: Plan, tmp_path: Path) -> None:
    find = speaker_from_sidecar
    with pytest.raises(InputError, match="are wanted"):
        Bench(replace(plan, training_clips=1000), tmp_path, find, print)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="lacks"):
        Bench(replace(plan, videos=str(tmp_path / "empty")), tmp_path, find, print)
