"""Training stops at a loss that is no number."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

from pase.cli.main import main
from pase.data.windows import Batch
from pase.training.nonfinite import NonFiniteLossError, StopAtNonFiniteLoss
from pase.training.task import PaseTask

pytestmark = [  # Lightning's own, which `pase fit` leaves out too
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec"),
]


class Scalar(pl.LightningModule):
    """One weight; the loss of the step `bad_step` is no number, or its gradient is not."""

    def __init__(self, bad_step: int, bad: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.bad_step, self.bad = bad_step, bad

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = (self.weight * batch.mean()).square().mean()
        factor = 1.0
        if self.global_step + 1 == self.bad_step:
            if self.bad == "gradient":
                loss = loss + torch.sqrt(self.weight.sum() * 0).square() * 1e-30 / 1e-30  # 0, whose root has no slope
            else:
                factor = float(self.bad)
        self.log_dict({"train/contrastive": loss.detach() * factor, "train/reconstruction": loss.detach()})
        return loss * factor

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit(folder: Path, module: Scalar) -> None:
    trainer = pl.Trainer(
        default_root_dir=folder,
        accelerator="cpu",
        max_steps=8,
        callbacks=[StopAtNonFiniteLoss(), ModelCheckpoint(folder, every_n_train_steps=1, save_top_k=1, save_last=True)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    trainer.fit(module, DataLoader(torch.ones(20, 1), batch_size=1))


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_a_loss_that_is_no_number_stops_before_the_weights_change(tmp_path: Path, bad: str) -> None:
    module = Scalar(5, bad)
    with pytest.raises(NonFiniteLossError) as stop:
        fit(tmp_path, module)
    message = str(stop.value)
    assert "step 5" in message
    assert f"train/contrastive = {bad}" in message
    assert "train/reconstruction" not in message
    assert str(tmp_path / "last.ckpt") in message
    assert module.weight.isfinite().all()
    kept = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 4
    assert kept["state_dict"]["weight"].isfinite().all()


def test_weights_spoilt_by_a_gradient_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLossError, match=r"after step 5 the weights weight are not finite"):
        fit(tmp_path, Scalar(5, "gradient"))
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 4
    assert not list(tmp_path.glob("*.part*"))


def test_without_a_checkpoint_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLossError, match="No checkpoint had been written"):
        fit(tmp_path, Scalar(1, "nan"))


def test_pase_fit_names_the_clips_and_fails(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original, seen = PaseTask.training_step, []

    def spoilt(self: PaseTask, batch: Batch, batch_idx: int) -> Any:
        loss = original(self, batch, batch_idx)
        seen.append(batch.clip_ids)
        return loss * float("nan") if len(seen) == 5 else loss

    monkeypatch.setattr(PaseTask, "training_step", spoilt)
    assert main(["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}"]) == 1
    message = capsys.readouterr().err
    assert len(seen) == 5
    assert "step 5" in message
    assert all(clip in message for clip in seen[-1])
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert f"--ckpt_path {last}" in message
    assert "Traceback" not in message
    assert torch.load(last, weights_only=True)["global_step"] == 3
    assert not (tmp_path / "checkpoint").exists()
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["trainer"]["max_steps"] == 6
