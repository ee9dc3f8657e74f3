"""What is measured before a validation fits the weights that a checkpoint holds."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging

from pase.cli.main import main
from pase.data.module import CorpusDataModule
from pase.models.config import ModelConfig
from pase.training.callbacks import CalibrateFeatures
from pase.training.task import PaseTask

AVERAGED = (
    "--trainer.callbacks+=lightning.pytorch.callbacks.EMAWeightAveraging",
    "--trainer.callbacks.decay=0.9",
)


def own_features(content: dict[str, Any], corpus: Path) -> dict[str, torch.Tensor]:
    """What the weights of a checkpoint give when they are measured."""
    task = PaseTask(ModelConfig.from_json(content["pase_model"])).eval()
    task.load_state_dict(content["state_dict"])
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.state.fn = "fit"
    trainer.datamodule = CorpusDataModule([corpus])
    trainer.datamodule.setup()
    CalibrateFeatures().on_validation_epoch_start(trainer, task)
    return dict(task.model.features.state_dict())


@pytest.mark.parametrize("more", [(), AVERAGED, (*AVERAGED, "--trainer.callbacks.use_buffers=false")])
def test_features_are_calibrated_for_the_weights_of_the_checkpoint(
    more: tuple[str, ...], small_run: Path, tiny_corpus: Path, tmp_path: Path
) -> None:
    command = ["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}", *more]
    assert main([*command, "--model.optimizer.lr=0.05", "--trainer.num_sanity_val_steps=0"]) == 0
    content = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    for name, value in own_features(content, tiny_corpus).items():
        torch.testing.assert_close(content["state_dict"][f"model.features.{name}"], value, msg=name)


def test_steps_after_a_validation_leave_the_measure_of_an_average_alone(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[torch.Tensor] = []
    update = EMAWeightAveraging.on_train_batch_end

    def watched(self: EMAWeightAveraging, trainer: Trainer, module: LightningModule, *rest: Any) -> None:
        update(self, trainer, module, *rest)
        kept.append(dict(self._average_model.named_buffers())["module.model.features.scale"].clone())

    monkeypatch.setattr(EMAWeightAveraging, "on_train_batch_end", watched)
    command = ["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}", *AVERAGED]
    assert main(command) == 0
    assert not torch.allclose(kept[2], kept[3])
    torch.testing.assert_close(kept[3], kept[5])  # to rounding
