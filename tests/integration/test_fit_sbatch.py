"""What the job script for Slurm asks srun to run, without a Slurm."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRATEGY = "--config=configs/strategy/ddp_slurm.yaml"
BASH = shutil.which("bash")


@pytest.mark.skipif(BASH is None, reason="the job script is one for bash")
@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ([], [STRATEGY]),
        (["--config", "a b.yaml", "--config=c.yaml"], ["--config=a b.yaml", "--config=c.yaml", STRATEGY]),
        (["--config", "a.yaml", "--ckpt_path=x"], ["--config=a.yaml", STRATEGY, "--ckpt_path=x"]),
    ],
)
def test_the_strategy_comes_after_the_files_and_before_the_options(
    given: list[str], passed: list[str], tmp_path: Path
) -> None:
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\nprintf "srun: %s\\n" "$@"\n')
    srun.chmod(0o755)
    job = {"CPUS_PER_TASK": "1", "JOB_ID": "7", "JOB_NODELIST": "here", "NNODES": "2", "NTASKS_PER_NODE": "4"}
    told = subprocess.run(
        [str(BASH), "configs/slurm/fit.sbatch", *given],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **{f"SLURM_{name}": value for name, value in job.items()}},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [line.removeprefix("srun: ") for line in told.splitlines() if line.startswith("srun: ")]
    assert found[2:] == ["fit", *passed, "--trainer.num_nodes=2", "--trainer.devices=4"]
