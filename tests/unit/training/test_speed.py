"""What a run logs of its own speed."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pase.cli.main import main
from pase.data.windows import Batch, WindowConfig
from pase.training.speed import TrainingSpeed


def test_waiting_is_told_from_working_and_validation_is_neither() -> None:
    moments = iter([0.0, 3.0, 4.0, 7.0, 100.0, 102.0])  # begin and end of three steps; a validation before the third
    logged: dict[str, float] = {}
    module: Any = SimpleNamespace(log=lambda name, value, **_: logged.update({name: value}))
    callback = TrainingSpeed(lambda: next(moments))
    for step in (1, 2, 3):
        trainer: Any = SimpleNamespace(global_step=step, log_every_n_steps=3)
        batch = Batch.empty(("a", "b", "c"), 1, WindowConfig())
        callback.on_train_batch_start(trainer, module, batch, 0)
        assert not logged
        callback.on_train_batch_end(trainer, module, None, batch, 0)
        if step == 2:
            callback.on_validation_start(trainer, module)
    assert logged["train/data_share"] == pytest.approx(1 / 9)
    assert logged["train/windows_per_second"] == pytest.approx(9 / 9)


def test_a_run_logs_its_speed(small_run: Path, tmp_path: Path) -> None:
    assert main(["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}"]) == 0
    with (tmp_path / "logs" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("train/data_share")]
    assert len(rows) == 3
    assert all(0 < float(row["train/data_share"]) < 1 for row in rows)
    assert all(float(row["train/windows_per_second"]) > 0 for row in rows)
