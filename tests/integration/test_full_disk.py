"""A disk that is full for the log of a run: what ended the run is told, without a traceback."""

import errno
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.loggers import CSVLogger
from tests.tiny_run import config_file

from pase.cli.main import main
from pase.training.checkpoints import CheckpointFileError, CheckpointFiles

FULL = Path("/dev/full")


def fit(corpus: Path, folder: Path, *more: str) -> int:
    config = config_file(folder, corpus, steps=2)
    return main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}", *more])


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.filterwarnings("ignore:Experiment logs directory")
def test_a_log_that_takes_nothing(tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs" / "version_0" / "metrics.csv"
    log.parent.mkdir(parents=True)
    log.symlink_to(FULL)
    logger = ["--trainer.logger=lightning.pytorch.loggers.CSVLogger", f"--trainer.logger.save_dir={tmp_path}"]
    assert fit(tiny_corpus, tmp_path, *logger, "--trainer.logger.name=logs", "--trainer.logger.version=0") == 1
    told = capsys.readouterr().err
    assert "pase: error: the disk is full" in told
    assert "No space left on device" in told


def test_a_log_that_cannot_be_closed_does_not_hide_that_a_checkpoint_could_not_be_written(
    tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(files: CheckpointFiles, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        raise CheckpointFileError(f"the checkpoint {path} could not be written")

    def finalize(logger: CSVLogger, status: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CheckpointFiles, "save_checkpoint", no_room)
    monkeypatch.setattr(CSVLogger, "finalize", finalize)
    assert fit(tiny_corpus, tmp_path) == 1
    assert "could not be written" in capsys.readouterr().err
