"""Numbers too small to matter are zero while a model trains."""

import lightning.pytorch as pl
import torch


class FlushDenormals(pl.Callback):
    """Lets numbers under 1e-38 be zero: a sharp softmax makes many, and CPUs are slow at them.

    The setting holds for the thread that trains, not for those that torch lets compute beside it: with one thread for
    each process it reaches everything. It is undone when training ends, and when an error ends it.
    """

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Flush."""
        torch.set_flush_denormal(True)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Keep them again."""
        torch.set_flush_denormal(False)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Keep them again: after an error no one tears down."""
        torch.set_flush_denormal(False)
