"""Several processes learn what one learns from the same windows."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing
import yaml
from tests.ranks_probe import CASES, steps, work
from tests.tiny_run import settings

import pase.training.task as task_module


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, dict[str, torch.Tensor]]]:
    usual, resize = torch.get_default_dtype(), task_module.resize_lips
    yield {case: steps(case) for case in CASES}
    torch.set_default_dtype(usual)
    task_module.resize_lips = resize


@pytest.fixture(scope="module", params=[2, 4])
def together(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("ranks")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2])  # the processes look for `tests` there
        torch.multiprocessing.spawn(work, (request.param, str(folder)), request.param)
    return torch.load(Path(folder) / "found.pt", weights_only=True)


@pytest.mark.parametrize("case", CASES)
def test_loss_gradients_and_statistics_are_those_of_one_process(case: str, alone: Any, together: Any) -> None:
    expected, found = alone[case], together[case]
    assert found.keys() == expected.keys()
    largest = max(float(value.abs().max()) for name, value in expected.items() if name.startswith("gradient"))
    assert largest > 1e-3
    for name, value in expected.items():
        scale = largest if name.startswith("gradient") else 1.0
        assert torch.allclose(found[name] / scale, value / scale, rtol=0, atol=1e-9), name


def _start(config: Path, folder: Path, *more: str) -> subprocess.Popen[str]:
    pase = Path(sys.executable).with_name("pase")
    arguments = [pase, "fit", "--config", config, f"--trainer.default_root_dir={folder}", *more]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _losses(folder: Path) -> list[float]:
    with (folder / "logs" / "version_0" / "metrics.csv").open() as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    wanted = settings(tiny_corpus, steps=1000)
    wanted["model"]["augment"] = {"waveform": None, "spectrum": None, "lips": None}
    wanted["trainer"]["log_every_n_steps"] = 1
    path = tmp_path_factory.mktemp("config") / "plain.yaml"
    path.write_text(yaml.safe_dump(wanted))
    return path


TWO = ("--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=2")


def test_pase_fit_on_two_processes_learns_as_on_one(config: Path, tmp_path: Path) -> None:
    for name, more in (("one", ()), ("two", TWO)):
        process = _start(config, tmp_path / name, *more, "--trainer.max_steps=4", "--trainer.val_check_interval=2")
        told, _ = process.communicate(timeout=600)
        assert process.returncode == 0, told
    one, two = _losses(tmp_path / "one"), _losses(tmp_path / "two")
    assert len(one) == 4
    assert two[:2] == pytest.approx(one[:2], rel=1e-5)
    assert two == pytest.approx(one, rel=1e-2)  # Adam's first steps turn rounding of small gradients into whole steps
    assert (tmp_path / "two" / "checkpoint" / "model.safetensors").is_file()


def test_two_processes_measure_what_one_does(config: Path, tmp_path: Path) -> None:
    found = []
    once = ("--trainer.max_steps=1", "--trainer.val_check_interval=1", "--model.optimizer.lr=0")
    for name, more in (("one", ("--data.frames_per_batch=40",)), ("two", (*TWO, "--data.frames_per_batch=20"))):
        process = _start(config, tmp_path / name, *once, *more, "--data.batch_size=2")  # of validation
        told, _ = process.communicate(timeout=600)
        assert process.returncode == 0, told
        with (tmp_path / name / "logs" / "version_0" / "metrics.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["validation/loss"]]
        found.append({key: float(value) for key, value in rows[-1].items() if key.startswith("validation/")})
    assert len(found[0]) >= 5
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def _wait_for_steps(process: subprocess.Popen[str], folder: Path) -> None:
    while not (folder / "logs" / "version_0" / "metrics.csv").is_file():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)


def _children(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.parametrize(
    ("more", "told"), [(TWO, "another rank has gone"), (("--data.workers=1",), "a loader process has died")]
)
def test_a_process_that_is_killed_ends_the_run_with_its_reason(
    config: Path, tmp_path: Path, more: tuple[str, ...], told: str
) -> None:
    process = _start(config, tmp_path, *more)
    _wait_for_steps(process, tmp_path)
    killed = [child for child in _children(process) if "pase" in Path(f"/proc/{child}/cmdline").read_text()]
    os.kill(killed[-1], signal.SIGKILL)
    output, _ = process.communicate(timeout=600)
    assert process.returncode != 0
    assert told in output
    assert "--ckpt_path last" in output
