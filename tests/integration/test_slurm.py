"""Training and preparation as jobs of a real Slurm: requeued, preempted, on several ranks."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from tests.raw_clips import content as files_of
from tests.raw_clips import quarantine, write_clip, write_phones
from tests.slurm_cluster import command, eventually, state_of, submit, wait_for_state
from tests.tiny_run import settings

from pase.cli.main import main
from pase_adapters.cli.main import main as adapt

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]

ROOT = Path(__file__).parents[2]
TEMPLATE = str(ROOT / "configs" / "slurm" / "fit.sbatch")
DDP = str(ROOT / "configs" / "strategy" / "ddp.yaml")
PASE = str(Path(sys.executable).with_name("pase"))
STEPS, INTERVAL = 60, 10
PATIENCE = 600.0

Fit = Callable[..., str]


@pytest.fixture
def submitit() -> None:
    pytest.importorskip("submitit", reason="pip install 'pase-av[slurm]'")


@pytest.fixture(scope="module", autouse=True)
def surroundings(slurm: None) -> Iterator[None]:
    """What jobs inherit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("PASE", PASE)
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    """Folder of all runs of one config."""
    folder = tmp_path_factory.mktemp("runs")
    config = settings(tiny_corpus, STEPS)
    config["trainer"]["val_check_interval"] = INTERVAL
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def fit(runs: Path) -> Fit:
    """Submits the template; the run is called as the job is, and its log too."""

    def submitted(name: str, *options: str, arguments: tuple[str, ...] = ()) -> str:
        run = (
            "--config",
            str(runs / "run.yaml"),
            f"--trainer.default_root_dir={runs / name}",
            "--trainer.accelerator=cpu",
            *arguments,
        )
        return submit(f"--output={runs / name}.log", *options, TEMPLATE, *run)

    return submitted


@pytest.fixture(scope="module")
def whole(surroundings: None, fit: Fit, runs: Path) -> str:
    """Name of a run on one rank that nothing disturbed."""
    wait_for_end(runs, fit("whole"), "whole")
    return "whole"


def log(folder: Path, name: str) -> str:
    path = folder / f"{name}.log"
    return path.read_text() if path.is_file() else ""


def wait_for_line(folder: Path, name: str, line: str) -> None:
    eventually(lambda: line in log(folder, name), f"no {line!r} in the log of {name}", PATIENCE)


def wait_for_end(folder: Path, job: str, name: str) -> None:
    assert wait_for_state(job, "COMPLETED", "FAILED", "CANCELLED", patience=PATIENCE) == "COMPLETED", log(folder, name)


def start_again(job: str) -> None:
    """Let a requeued job start soon, for which Slurm waits two minutes.

    Not at once: slurmd takes back the credential of the last run, and knows by the second alone that the next is newer.
    """
    eventually(lambda: state_of(job) == "PENDING", f"job {job} is not requeued")
    command("scontrol", "update", f"JobId={job}", "StartTime=now+3")


def content(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / name / "checkpoints" / "last.ckpt", weights_only=True)
    return found


def assert_same_end(folder: Path, one: str, other: str, steps: int = STEPS) -> None:
    """Weights and moments to the bit, and the same checkpoint was the best."""
    first, second = content(folder, one), content(folder, other)
    assert first["global_step"] == second["global_step"] == steps
    assert first["state_dict"].keys() == second["state_dict"].keys()
    for name, value in first["state_dict"].items():
        assert torch.equal(value, second["state_dict"][name]), name
    for left, right in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        for number, moments in left["state"].items():
            assert torch.equal(moments["exp_avg_sq"], right["state"][number]["exp_avg_sq"])
    best = [(folder / name / "checkpoint" / "model.safetensors").read_bytes() for name in (one, other)]
    assert best[0] == best[1]


def test_the_template_asks_for_the_signal_in_time() -> None:
    """Slurm sends it up to a minute early, in a job of some minutes: too long to wait for here."""
    options = [line.split()[1] for line in Path(TEMPLATE).read_text().splitlines() if line.startswith("#SBATCH ")]
    assert "--signal=USR1@120" in options


def test_a_job_that_is_signalled_is_requeued_and_ends_as_if_undisturbed(runs: Path, fit: Fit, whole: str) -> None:
    parts = fit("parts")
    for step in (INTERVAL, 2 * INTERVAL):  # twice
        wait_for_line(runs, "parts", f"step {step:6d}")
        command("scancel", "--signal=USR1", parts)
        start_again(parts)
    wait_for_end(runs, parts, "parts")
    text = log(runs, "parts")
    saved = [int(step) for step in re.findall(r"step +(\d+)  the job has to go", text)]
    assert len(saved) == 2
    assert [f"start {number}," in text for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert "\r" not in text  # no progress bar
    assert_same_end(runs, whole, "parts")


def test_a_job_that_a_more_urgent_one_displaces_ends_as_if_undisturbed(runs: Path, fit: Fit, whole: str) -> None:
    """Its loader process gets Slurm's SIGTERM too."""
    parts = fit("displaced", arguments=("--data.workers=1",))
    wait_for_line(runs, "displaced", f"step {INTERVAL:6d}")
    urgent = submit("--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    wait_for_line(runs, "displaced", "the job has to go")
    wait_for_state(urgent, "COMPLETED", patience=PATIENCE)
    start_again(parts)
    wait_for_end(runs, parts, "displaced")
    assert "start 2," in log(runs, "displaced")
    assert_same_end(runs, whole, "displaced")


def test_two_ranks_train_and_go_on(runs: Path, fit: Fit) -> None:
    """And end as two that `pase fit` starts by itself."""
    steps = 4 * INTERVAL  # ranks together look for a signal each 10 steps, and leave in front of the next one
    few = (f"--trainer.max_steps={steps}",)
    wait_for_end(runs, fit("two", "--ntasks-per-node=2", arguments=few), "two")
    parts = fit("two_parts", "--ntasks-per-node=2", arguments=few)
    wait_for_line(runs, "two_parts", f"step {INTERVAL:6d}")
    command("scancel", "--signal=USR1", parts)
    start_again(parts)
    wait_for_end(runs, parts, "two_parts")
    assert "GLOBAL_RANK: 1, MEMBER: 2/2" in log(runs, "two_parts")
    assert_same_end(runs, "two", "two_parts", steps)
    own = ("--config", str(runs / "run.yaml"), "--config", DDP, f"--trainer.default_root_dir={runs / 'own'}")
    command_line = [PASE, "fit", *own, "--trainer.accelerator=cpu", "--trainer.devices=2", *few]
    done = subprocess.run(command_line, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same_end(runs, "own", "two", steps)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    for number in range(4):
        write_clip(folder / f"s{number % 2}" / f"clip_{number}.mp4", frames=20, seed=number)
    write_phones(folder / "s0/clip_0.mp4", 0.8)
    (folder / "s1/broken.mp4").write_bytes(b"no video at all")
    return folder


@pytest.mark.usefixtures("submitit")
def test_a_corpus_prepared_on_an_array_has_the_same_bytes(source: Path, tmp_path: Path) -> None:
    """And a preparation that was broken off elsewhere goes on there."""
    common = ("--landmarks", "sidecar", "--aligner", "given")
    array = ("--executor", "slurm", "--jobs", "2", "--slurm", "partition=normal", "time=30")
    assert main(["prepare", str(source), str(tmp_path / "local"), *common, "--jobs", "0"]) == 0
    assert main(["prepare", str(source), str(tmp_path / "array"), *common, *array]) == 0
    assert main(["prepare", str(source), str(tmp_path / "both"), *common, "--jobs", "0", "--until", "crop"]) == 0
    assert main(["prepare", str(source), str(tmp_path / "both"), *common, *array, "--discard-work"]) == 0
    expected = files_of(tmp_path / "local")
    assert expected
    assert files_of(tmp_path / "array") == files_of(tmp_path / "both") == expected
    assert quarantine(tmp_path / "array")["s1/broken"][1] == "probe"
    logs = list((tmp_path / "array/work/slurm").glob("*_log.out"))
    assert len(logs) == 2
    assert not any("\x1b" in path.read_text() for path in logs)
    assert not (tmp_path / "both/work").exists()


@pytest.mark.usefixtures("submitit")
def test_features_written_on_an_array_are_the_same(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = []
    for number in range(3):
        audio.append(write_clip(tmp_path / f"clip_{number}.mp4", frames=25 + number, seed=number))
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    given = ["--renderer", "er-nerf", "--driving", "--checkpoint", str(tiny_checkpoint)]
    given += ["--audio", *map(str, audio), str(tmp_path / "broken.wav")]
    assert adapt([*given, "--output", str(tmp_path / "local")]) == 1
    assert adapt([*given, "--output", str(tmp_path / "array"), "--executor", "slurm", "--jobs", "2"]) == 1
    assert capsys.readouterr().err.count("1 of 4 recordings were refused") == 2
    for path in audio:
        one, other = (np.load(tmp_path / where / f"{path.stem}_eo.npy") for where in ("local", "array"))
        np.testing.assert_array_equal(one, other)
