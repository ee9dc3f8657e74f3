"""Training and preparation as jobs of a real Slurm: requeued, preempted, on several ranks."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tests.slurm_cluster import command, eventually, state_of, submit, wait_for_state
from tests.tiny_run import settings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]

ROOT = Path(__file__).parents[2]
TEMPLATE = str(ROOT / "configs" / "slurm" / "fit.sbatch")
STEPS, INTERVAL = 60, 15
PATIENCE = 600.0

Fit = Callable[..., str]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What jobs inherit."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PASE", str(Path(sys.executable).with_name("pase")))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def fit(tmp_path: Path, tiny_corpus: Path) -> Fit:
    """Submits the template; the run is called as the job is, and its log too."""
    config = settings(tiny_corpus, STEPS)
    config["trainer"]["val_check_interval"] = INTERVAL
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))

    def submitted(name: str, *options: str, arguments: tuple[str, ...] = ()) -> str:
        run = ("--config", str(tmp_path / "run.yaml"), f"--trainer.default_root_dir={tmp_path / name}", *arguments)
        return submit(f"--output={tmp_path / name}.log", *options, TEMPLATE, *run)

    return submitted


def log(folder: Path, name: str) -> str:
    path = folder / f"{name}.log"
    return path.read_text() if path.is_file() else ""


def wait_for_line(folder: Path, name: str, line: str) -> None:
    eventually(lambda: line in log(folder, name), f"no {line!r} in the log of {name}", PATIENCE)


def wait_for_end(folder: Path, job: str, name: str) -> None:
    assert wait_for_state(job, "COMPLETED", "FAILED", "CANCELLED", patience=PATIENCE) == "COMPLETED", log(folder, name)


def start_again(job: str) -> None:
    """Slurm lets a requeued job wait for two minutes."""
    eventually(lambda: state_of(job) == "PENDING", f"job {job} is not requeued")
    command("scontrol", "update", f"JobId={job}", "StartTime=now")


def content(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / name / "checkpoints" / "last.ckpt", weights_only=True)
    return found


def assert_same_end(folder: Path, one: str, other: str) -> None:
    """Weights and moments to the bit, and the same checkpoint was the best."""
    first, second = content(folder, one), content(folder, other)
    assert first["global_step"] == second["global_step"] == STEPS
    assert first["state_dict"].keys() == second["state_dict"].keys()
    for name, value in first["state_dict"].items():
        assert torch.equal(value, second["state_dict"][name]), name
    for left, right in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        for number, moments in left["state"].items():
            assert torch.equal(moments["exp_avg_sq"], right["state"][number]["exp_avg_sq"])
    best = [(folder / name / "checkpoint" / "model.safetensors").read_bytes() for name in (one, other)]
    assert best[0] == best[1]


def test_a_job_that_is_signalled_is_requeued_and_ends_as_if_undisturbed(tmp_path: Path, fit: Fit) -> None:
    whole, parts = fit("whole"), fit("parts")
    for step in (INTERVAL, 2 * INTERVAL):  # twice, and not where a validation has saved anyway
        wait_for_line(tmp_path, "parts", f"step {step:6d}")
        command("scancel", "--signal=USR1", parts)
        start_again(parts)
    wait_for_end(tmp_path, whole, "whole")
    wait_for_end(tmp_path, parts, "parts")
    text = log(tmp_path, "parts")
    saved = [int(step) for step in re.findall(r"step +(\d+)  the job has to go", text)]
    assert len(saved) == 2
    assert all(step % INTERVAL for step in saved)
    assert [f"start {number}," in text for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert "\r" not in text  # no progress bar
    assert_same_end(tmp_path, "whole", "parts")


def test_a_job_that_a_more_urgent_one_displaces_ends_as_if_undisturbed(tmp_path: Path, fit: Fit) -> None:
    whole = fit("whole")
    wait_for_end(tmp_path, whole, "whole")
    parts = fit("parts")
    wait_for_line(tmp_path, "parts", f"step {INTERVAL:6d}")
    urgent = submit("--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    wait_for_line(tmp_path, "parts", "the job has to go")
    wait_for_state(urgent, "COMPLETED", patience=PATIENCE)
    start_again(parts)
    wait_for_end(tmp_path, parts, "parts")
    assert "start 2," in log(tmp_path, "parts")
    assert_same_end(tmp_path, "whole", "parts")


def test_two_ranks_train_and_go_on(tmp_path: Path, fit: Fit) -> None:
    whole = fit("whole", "--ntasks-per-node=2")
    wait_for_end(tmp_path, whole, "whole")
    parts = fit("parts", "--ntasks-per-node=2")
    wait_for_line(tmp_path, "parts", f"step {INTERVAL:6d}")
    command("scancel", "--signal=USR1", parts)
    start_again(parts)
    wait_for_end(tmp_path, parts, "parts")
    assert "GLOBAL_RANK: 1, MEMBER: 2/2" in log(tmp_path, "parts")
    assert_same_end(tmp_path, "whole", "parts")
