"""The signals that Slurm sends to a training, without Slurm; with it: test_slurm.py. And the files of strategies."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tests.tiny_run import settings

import pase.training.preemption as preemption
from pase.cli.main import main
from pase.training.task import PaseTask

STRATEGIES = sorted((Path(__file__).parents[2] / "configs" / "strategy").glob("*.yaml"))
STEPS, VALIDATION, EPOCH = 8, 4, 3

Signal = Callable[[int, signal.Signals], None]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    path = tmp_path_factory.mktemp("config") / "small.yaml"
    path.write_text(yaml.safe_dump(settings(tiny_corpus, STEPS)))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, config: Path) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("whole")
    assert fit(config, folder) == 0
    return last(folder)


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> Signal:
    """Lets a signal come in the middle of a step, in a job that can be requeued."""
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setattr(preemption, "requeue_job", lambda: True)
    step = PaseTask.training_step

    def signalled(number: int, which: signal.Signals) -> None:
        def training_step(task: PaseTask, *arguments: Any) -> Any:
            if task.global_step == number - 1:
                os.kill(os.getpid(), which)
            return step(task, *arguments)

        monkeypatch.setattr(PaseTask, "training_step", training_step)

    return signalled


def fit(config: Path, folder: Path, *more: str) -> int:
    return main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}", *more])


def last(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return content


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["global_step"] == other["global_step"] == STEPS
    assert one["CorpusDataModule"] == other["CorpusDataModule"]
    for name, value in one["state_dict"].items():
        assert torch.equal(value, other["state_dict"][name]), name


@pytest.mark.parametrize("step", [2, EPOCH, VALIDATION, STEPS - 1])
def test_a_signal_within_a_step_ends_the_run_behind_it_and_the_next_goes_on(
    step: int, in_step: Signal, config: Path, whole: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    in_step(step, signal.SIGUSR1)
    with pytest.raises(SystemExit) as stop:
        fit(config, tmp_path)
    assert stop.value.code == 0
    assert last(tmp_path)["global_step"] == step
    assert f"step {step:6d}  the job has to go" in capfd.readouterr().out
    in_step(0, signal.SIGUSR1)
    assert fit(config, tmp_path, "--ckpt_path=last") == 0
    assert_same(whole, last(tmp_path))
    validated = [line for line in capfd.readouterr().out.splitlines() if "validation/loss" in line]
    assert len([line for line in validated if line.startswith("step")]) == (2 if step < VALIDATION else 1)


def test_a_signal_between_the_batches_of_a_step_waits_for_its_end(
    in_step: Signal, config: Path, tmp_path: Path
) -> None:
    two = ("--trainer.accumulate_grad_batches=2", "--trainer.val_check_interval=3")
    assert fit(config, tmp_path / "whole", *two) == 0
    in_step(1, signal.SIGUSR1)  # in both batches of the step, so with the first as well
    with pytest.raises(SystemExit):
        fit(config, tmp_path / "parts", *two)
    in_step(0, signal.SIGUSR1)
    assert last(tmp_path / "parts")["global_step"] == 1
    assert last(tmp_path / "parts")["CorpusDataModule"]["handed_out"] == 2
    assert fit(config, tmp_path / "parts", *two, "--ckpt_path=last") == 0
    assert_same(last(tmp_path / "whole"), last(tmp_path / "parts"))


def test_a_job_that_is_displaced_saves_and_trains_on(
    in_step: Signal, config: Path, whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    save = preemption.SlurmPreemption._save
    monkeypatch.setattr(
        preemption.SlurmPreemption,
        "_save",
        lambda own, trainer: (save(own, trainer), saved.append(trainer.global_step)),
    )
    in_step(2, signal.SIGTERM)
    assert fit(config, tmp_path) == 0
    assert saved == [2]
    assert_same(whole, last(tmp_path))


def test_a_keeper_of_ones_own_is_not_where_the_last_one_goes(
    in_step: Signal, config: Path, whole: dict[str, Any], tmp_path: Path
) -> None:
    mine = (
        "--trainer.callbacks+=lightning.pytorch.callbacks.ModelCheckpoint",
        f"--trainer.callbacks.dirpath={tmp_path / 'mine'}",
    )
    in_step(2, signal.SIGUSR1)
    with pytest.raises(SystemExit):
        fit(config, tmp_path, *mine)
    in_step(0, signal.SIGUSR1)
    assert last(tmp_path)["global_step"] == 2
    assert not (tmp_path / "mine" / "last.ckpt").exists()
    assert fit(config, tmp_path, *mine, "--ckpt_path=last") == 0
    assert_same(whole, last(tmp_path))


def test_a_job_that_cannot_be_requeued_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert not preemption.requeue_job()
    assert "Submit the job again" in capsys.readouterr().out


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_every_strategy_is_accepted_and_holds_over_the_file_before_it(
    path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", str(config), "--config", str(path), "--print_config"])
    assert stop.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    wanted = yaml.safe_load(path.read_text())
    assert printed["ckpt_path"] == wanted.get("ckpt_path")
    assert printed["trainer"]["accelerator"] == wanted["trainer"]["accelerator"]
    assert printed["trainer"]["devices"] == wanted["trainer"]["devices"]
    assert printed["trainer"]["strategy"] == wanted["trainer"].get("strategy", "auto")
