"""Training stops at the first loss that is no number, before a checkpoint can hold what it did to the weights."""

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from pase.data.windows import Batch
from pase.errors import PaseError


class NonFiniteLossError(PaseError):
    """A loss, or what it did to the weights, is NaN or infinite."""


@dataclass(frozen=True)
class _Step:
    """What is known of a step; on a GPU its values arrive later.

    Attributes:
        number: Of the step, from 1.
        clips: Ids of the batch's clips.
        names: Of the values: the loss as it goes backward, then what was logged of it.
        values: On the host, shape ``(len(names),)``.
        arrived: When the values may be read; None: now.
    """

    number: int
    clips: tuple[str, ...]
    names: tuple[str, ...]
    values: Tensor
    arrived: torch.cuda.Event | None

    def ready(self) -> bool:
        return self.arrived is None or bool(self.arrived.query())  # type: ignore[no-untyped-call]

    def bad(self) -> dict[str, float]:
        if self.arrived is not None:
            self.arrived.synchronize()
        return {k: v for k, v in zip(self.names, self.values.tolist(), strict=True) if not math.isfinite(v)}


class StopAtNonFiniteLoss(pl.Callback):
    """Raises `NonFiniteLossError` at the first loss that is not finite, and refuses to save weights that are not.

    On a CPU the loss is looked at before it goes backward. On a GPU its values are copied without waiting and looked at
    when they have arrived, which is a step or two later; before a validation and before a checkpoint is written, all
    that is under way is waited for, so that no checkpoint is of a later step than the last finite loss.
    """

    def __init__(self) -> None:
        self._clips: tuple[str, ...] = ()
        self._under_way: deque[_Step] = deque()

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        """Remember the clips."""
        self._clips = batch.clip_ids if isinstance(batch, Batch) else ()

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Take this step's values; look at those that have arrived."""
        logged = {
            k: v for k, v in trainer.callback_metrics.items() if k.startswith("train/") and v.device == loss.device
        }
        values = torch.stack([loss.detach().float(), *(v.detach().float() for v in logged.values())])
        names = ("loss", *logged)
        self._under_way.append(_Step(trainer.global_step + 1, self._clips, names, *_to_host(values)))
        while self._under_way and self._under_way[0].ready():
            self._look(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Wait for what is under way."""
        self._settle(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Wait for what is under way."""
        self._settle(trainer)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Refuse to save weights that are not finite: a finite loss can have a gradient that is not."""
        self._settle(trainer)
        floating = {k: v for k, v in checkpoint["state_dict"].items() if v.is_floating_point()}
        bad = [name for name, weight in floating.items() if not torch.isfinite(weight).all()]
        if bad:
            raise NonFiniteLossError(
                f"after step {trainer.global_step} the weights {', '.join(bad[:3])} are not finite, though the losses "
                f"were: a gradient was not. {_way_on(trainer)}"
            )

    def _settle(self, trainer: pl.Trainer) -> None:
        while self._under_way:
            self._look(trainer)

    def _look(self, trainer: pl.Trainer) -> None:
        step = self._under_way.popleft()
        if bad := step.bad():
            self._under_way.clear()  # all later losses come from spoilt weights
            parts = ", ".join(f"{name} = {value}" for name, value in bad.items())
            raise NonFiniteLossError(
                f"the loss of step {step.number} is not finite: {parts}. Clips of the batch: "
                f"{', '.join(step.clips) or 'unknown'}. {_way_on(trainer)}"
            )


def _to_host(values: Tensor) -> tuple[Tensor, torch.cuda.Event | None]:
    if values.device.type != "cuda":
        return values.cpu(), None
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record()
    return host, arrived


def _way_on(trainer: pl.Trainer) -> str:
    """The last good checkpoint, and how to go on."""
    keepers = trainer.checkpoint_callbacks
    kept = [getattr(keeper, name, "") for name in ("last_model_path", "best_model_path") for keeper in keepers]
    written = [Path(path) for path in kept if path and Path(path).is_file()]
    last = max(written, key=lambda path: path.stat().st_mtime_ns) if written else trainer.ckpt_path
    if last is None:
        return "No checkpoint had been written: mend what is wrong with these clips, or lower the rate, and begin anew."
    config = Path(trainer.default_root_dir) / "config.yaml"
    return (
        f"The last good checkpoint is {last}. When what is wrong with these clips is mended, go on from it: "
        f"pase fit --config {config} --ckpt_path {last}. If nothing is wrong with them, go on at a lower rate: "
        "--model.optimizer.lr."
    )
