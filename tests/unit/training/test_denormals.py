"""Denormal numbers are flushed while training alone."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pase.cli.main import main
from pase.data.windows import Batch
from pase.training.task import PaseTask


def flushed() -> bool:
    return bool(torch.tensor(1e-30) * torch.tensor(1e-10) == 0)


@pytest.mark.parametrize("fails", [False, True], ids=["it ends", "an error ends it"])
def test_they_are_flushed_while_training_alone(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    original, seen = PaseTask.training_step, []

    def watched(self: PaseTask, batch: Batch, batch_idx: int) -> Any:
        seen.append(flushed())
        if fails:
            raise RuntimeError("it ends here")
        return original(self, batch, batch_idx)

    monkeypatch.setattr(PaseTask, "training_step", watched)
    command = ["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}"]
    assert not flushed()
    if fails:
        with pytest.raises(RuntimeError, match="it ends here"):
            main(command)
    else:
        assert main(command) == 0
    assert seen
    assert all(seen)
    assert not flushed()
