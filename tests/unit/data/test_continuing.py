"""Training that was stopped and goes on sees the batches that it would have seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from pase.data.module import CorpusDataModule
from pase.data.windows import Batch, WindowConfig

STEPS = 8

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
]


class Seen(pl.LightningModule):
    """Learns nothing and remembers what it was shown."""

    def __init__(self, stop_after: int | None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.stop_after = stop_after
        self.batches: list[tuple[Any, ...]] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        if len(self.batches) == self.stop_after:
            raise KeyboardInterrupt  # as a killed run: nothing is saved any more
        sound, lips = batch.waveform.double().sum(dim=1), batch.lips.double().sum(dim=(1, 2, 3, 4))
        self.batches.append((batch.clip_ids, tuple(batch.valid.shape), sound.tolist(), lips.tolist()))
        return self.weight * sound.float().sum()

    def validation_step(self, batch: Batch, batch_idx: int) -> None: ...

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.0)


Fit = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def fit(tiny_corpus: Path, tmp_path: Path) -> Fit:
    def run(
        workers: int = 0,
        stop_after: int | None = None,
        goes_on: Path | None = None,
        save: dict[str, Any] | None = None,
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        data = CorpusDataModule(
            [tiny_corpus], frames_per_batch=40, window=WindowConfig(frames=[10, 20]), workers=workers
        )
        module = Seen(stop_after)
        keeper = ModelCheckpoint(tmp_path / "checkpoints", filename="{step}", save_top_k=-1, **(save or {}))
        trainer = pl.Trainer(
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[keeper] if save is not None else [],
            enable_checkpointing=save is not None,
            **options,
        )
        try:
            trainer.fit(module, data, ckpt_path=goes_on)
        except (KeyboardInterrupt, SystemExit):
            assert stop_after is not None
        return module.batches

    return run


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_run_goes_on_with_the_batch_after_its_checkpoint(fit: Fit, tmp_path: Path, workers: int) -> None:
    undisturbed = fit(max_steps=STEPS)
    assert len({batch[0] for batch in undisturbed}) > STEPS // 2
    killed = fit(workers, stop_after=5, save={"every_n_train_steps": 2}, max_steps=STEPS)
    assert killed == undisturbed[:5]
    continued = fit(workers, goes_on=tmp_path / "checkpoints" / "step=4.ckpt", max_steps=STEPS)
    assert continued == undisturbed[4:]


@pytest.mark.parametrize(
    ("save", "options"),
    [
        ({"every_n_train_steps": 1}, {"max_steps": STEPS}),
        ({"save_on_train_epoch_end": True}, {"max_steps": STEPS}),
        ({"save_on_train_epoch_end": True}, {"max_epochs": 3}),
        ({}, {"max_steps": STEPS, "val_check_interval": 2, "check_val_every_n_epoch": None}),
        ({}, {"max_epochs": 3}),
        ({"every_n_train_steps": 1}, {"max_steps": STEPS, "limit_train_batches": 2}),
    ],
    ids=["each step", "each epoch", "each epoch, no steps", "validation", "validation, no steps", "part of an epoch"],
)
def test_every_checkpoint_of_a_run_can_be_continued(
    fit: Fit, tmp_path: Path, save: dict[str, Any], options: dict[str, Any]
) -> None:
    undisturbed = fit(save=save, **options)
    checkpoints = sorted((tmp_path / "checkpoints").glob("*.ckpt"))
    assert len(checkpoints) > 1
    for checkpoint in checkpoints:
        step = torch.load(checkpoint, weights_only=True)["global_step"]
        assert fit(goes_on=checkpoint, **options) == undisturbed[step:], checkpoint.name
