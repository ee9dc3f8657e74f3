"""How fast training goes, and how long it waits for data."""

import time
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl

from pase.data.windows import Batch


class TrainingSpeed(pl.Callback):
    """Logs ``train/data_share`` and ``train/windows_per_second`` of each rank's steps since they were last logged.

    ``train/data_share`` is the share of the time that goes by between the end of a step and the beginning of the next:
    loading, and moving the batch to the device. On a GPU, which works on while the next batch is fetched, it is an
    upper bound of what the GPU waits. Validations, and what is saved in them, are left out.

    Args:
        clock: Seconds; another one for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._ended: float | None = None
        self._began = 0.0
        self._forget()

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        """The batch is there."""
        self._began = self._clock()
        if self._ended is not None:
            self._waited += self._began - self._ended

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log, where Lightning does."""
        self._ended = self._clock()
        self._worked += self._ended - self._began
        self._windows += len(batch) if isinstance(batch, Batch) else 0
        total = self._waited + self._worked
        every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]  # set by Trainer, not declared
        if trainer.global_step % every == 0 and total > 0:
            pl_module.log("train/data_share", self._waited / total, batch_size=1)
            pl_module.log("train/windows_per_second", self._windows / total, batch_size=1)
            self._forget()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """What goes by until the next batch is not waiting for data."""
        self._ended = None

    def _forget(self) -> None:
        self._waited = self._worked = 0.0
        self._windows = 0
