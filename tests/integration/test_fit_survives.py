"""`pase fit` is killed at any moment, on one rank and on two, and ends with the bits of a run that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.test_fit_goes_on import assert_equal, last
from tests.tiny_run import settings

KILLS = int(os.environ.get("PASE_KILLS", "1"))
"""Kills of one run; more for a longer trial: ``PASE_KILLS=10 pytest -k killed``."""

STEPS = 24


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    often = settings(tiny_corpus, STEPS)
    often["trainer"]["val_check_interval"] = 4
    path = tmp_path_factory.mktemp("config") / "often.yaml"
    path.write_text(yaml.safe_dump(often))
    return path


def start(config: Path, folder: Path, ranks: int) -> "subprocess.Popen[bytes]":
    command = [str(Path(sys.executable).with_name("pase")), "fit"]
    command += ["--config", str(config), f"--trainer.default_root_dir={folder}", "--ckpt_path=last"]
    command += ["--trainer.strategy=ddp", f"--trainer.devices={ranks}"] if ranks > 1 else []
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def wait_for_training(process: "subprocess.Popen[bytes]", log: Path, times: int) -> None:
    """Until the log tells for so many times that a training has begun."""
    while process.poll() is None and log.read_text().count("training 0.") < times:
        time.sleep(0.05)


def assert_as_whole(folder: Path, whole: dict[str, Any]) -> None:
    found = last(folder)
    assert found["global_step"] == STEPS
    for name in ("state_dict", "optimizer_states", "lr_schedulers", "CorpusDataModule"):
        assert_equal(found[name], whole[name])
    assert not list(folder.glob("**/*.part*"))


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_killed_at_random_moments(ranks: int, config: Path, tmp_path: Path) -> None:
    process = start(config, tmp_path / "whole", ranks)
    wait_for_training(process, tmp_path / "whole" / "log", 1)
    began = time.monotonic()
    assert process.wait() == 0, (tmp_path / "whole" / "log").read_text()
    seconds, whole = time.monotonic() - began, last(tmp_path / "whole")
    rng, killed, folder, starts = random.Random(ranks), 0, tmp_path / "0", 0
    while killed < KILLS:
        process, starts = start(config, folder, ranks), starts + 1
        wait_for_training(process, folder / "log", starts)
        try:
            assert process.wait(rng.uniform(0, 0.6 * seconds)) == 0, (folder / "log").read_text()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        else:  # it came to its end: kill another one
            assert_as_whole(folder, whole)
            folder, starts = tmp_path / str(killed), 0
    assert start(config, folder, ranks).wait() == 0, (folder / "log").read_text()
    assert_as_whole(folder, whole)
