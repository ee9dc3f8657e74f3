"""Real runs of a study, of a few steps."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from pase.cli.main import main
from pase.errors import PaseError
from pase.study.plan import Run, plan, read_study
from pase.study.training import _train, train_and_measure


@pytest.fixture
def run(study_file: Path, tmp_path: Path) -> Run:
    return plan(read_study(study_file), (5,), tmp_path / "out")[0]


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_same_weights(run: Run) -> None:
    run.folder.mkdir(parents=True)
    assert main(["fit", *run.arguments, "--trainer.max_steps=2"]) == 0
    state = {"identity": run.identity, "begun": (run.folder / "checkpoints" / "last.ckpt").stat().st_mtime - 50.0}
    (run.folder / "run.json").write_text(json.dumps({**state, "before": 7.0}))
    seconds = _train(run, threads=1)
    assert seconds > 57.0
    steps = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert steps == run.steps
    gone_on = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    shutil.rmtree(run.folder / "checkpoint")
    assert _train(run, threads=1) > seconds  # stopped while it was measured: no step is left, all is exported again
    assert (run.folder / "checkpoint" / "model.safetensors").is_file()

    state["identity"] = "another"
    (run.folder / "run.json").write_text(json.dumps({**state, "before": 7.0}))
    assert _train(run, threads=1) < 57.0
    undisturbed = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(gone_on[name], value) for name, value in undisturbed.items())


@pytest.mark.slow
def test_a_study_of_real_runs(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["study", str(study_file), "--output", str(out), "--seeds", "0", "--jobs", "2"]) == 0
    records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert sorted(record["row"] for record in records) == ["base", "no_reconstruction"]
    for record in records:
        assert 0 <= record["metrics"]["validation/window_sync"] <= 1
        assert record["steps"] == 4
        assert record["seconds"] > 0
        folder = out / "runs" / f"{record['row']}-seed0"
        assert (folder / "checkpoint" / "model.safetensors").is_file()
        assert not (folder / "checkpoints").exists()
        assert yaml.safe_load((folder / "config.yaml").read_text())["data"]["seed"] == 0


def test_a_training_that_fails_says_why(run: Run) -> None:
    bad = Run(**{**vars(run), "arguments": (*run.arguments, "--data.corpora=[/nowhere/at/all]")})
    with pytest.raises(PaseError, match=r"/nowhere/at/all(.|\n)*train\.log"):
        train_and_measure(bad, threads=1)
