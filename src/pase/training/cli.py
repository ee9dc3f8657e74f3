"""`pase fit`, `validate`, `test` and `predict`: Lightning's command line with the project's defaults."""

import logging
import secrets
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities import rank_zero_only

from pase.data.module import CorpusDataModule
from pase.files import make_folder, write_text
from pase.training.callbacks import CalibrateFeatures, PlainProgress, interactive
from pase.training.checkpoints import CheckpointFiles, LastCheckpoint, OwnCheckpoints, written
from pase.training.export import export
from pase.training.failures import explained
from pase.training.nonfinite import StopAtNonFiniteLoss
from pase.training.preemption import SlurmPreemption, in_slurm
from pase.training.settings import KeepSettings
from pase.training.speed import TrainingSpeed
from pase.training.task import PaseTask
from pase.training.trust import TrustingParser

CHECKPOINTS = "checkpoints"
"""Folder below the run's folder with those to go on from."""

EXPORT = "checkpoint"
"""Folder below the run's folder that receives the best weights for use."""

_DEFAULTS = {
    "default_root_dir": "runs/pase",
    "log_every_n_steps": 10,
    "enable_model_summary": False,
    "use_distributed_sampler": False,  # ours share out clips themselves
}

_HARMLESS = (
    r".*does not have many workers",  # decoded clips may be kept in memory; loader processes are the user's choice
    r"The number of training batches .* is smaller than the logging interval",
    r".*isinstance\(treespec, LeafSpec\)",  # Lightning's own use of torch
    r"Checkpoint directory .* exists and is not empty",  # a run that goes on
    r"You are using a custom batch sampler `FixedBatches`",  # it names every clip once
)

_NOTHING_YET = r".*but there is no last checkpoint available"
"""Lightning's words for ``--ckpt_path last`` where a run begins, or where its last checkpoint is missing."""


class PaseCLI(LightningCLI):
    """Adds to every run: a CSV log, calibration, the newest checkpoint and the best by loss, the export of the best.

    Everything of a run goes below ``--trainer.default_root_dir``. Configs can name allowed classes only.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "parser_class": TrustingParser})

    def _parse_ckpt_path(self) -> None:
        """Take no settings from a checkpoint: it could name any class, and `KeepSettings` tells what differs."""

    def before_instantiate_classes(self) -> None:
        """Let a run that goes on also go on in wandb, offline included."""
        self._in_wandb: list[Any] = []
        if self.subcommand == "fit":
            config = self.config[self.subcommand]
            for logger in _as_list(config.trainer.logger):
                if logger.class_path.endswith(".WandbLogger") and logger.init_args.id is None:
                    logger.init_args.id = wandb_id(Path(config.trainer.default_root_dir), config.ckpt_path is not None)
                    self._in_wandb.append(logger.init_args)

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """Build the trainer with the project's logger and callbacks added to those of the config."""
        for arguments in self._in_wandb:
            arguments.id = None  # the logger has it: a run from this one's config.yaml is another run
        config = self.config_init[self.subcommand].trainer
        root = Path(config.default_root_dir)
        if not written(root / CHECKPOINTS):
            warnings.filterwarnings("ignore", message=_NOTHING_YET)
        loggers = _as_list(config.logger)
        if not any(isinstance(logger, CSVLogger) for logger in loggers):
            loggers.append(CSVLogger(root, name="logs"))
        callbacks = [*_as_list(config.callbacks), *_default_callbacks(root, _as_list(config.callbacks))]
        plugins = _as_list(config.plugins)
        if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
            plugins.append(CheckpointFiles())
        own: dict[str, Any] = {"logger": loggers, "callbacks": callbacks, "plugins": plugins}
        if config.enable_progress_bar is None:
            own["enable_progress_bar"] = interactive()
        trainer: pl.Trainer = super().instantiate_trainer(**{**kwargs, **own})
        return trainer

    def after_fit(self) -> None:
        """Export the best checkpoint."""
        keepers = [keeper for keeper in self.trainer.checkpoint_callbacks if isinstance(keeper, ModelCheckpoint)]
        keeper = next((keeper for keeper in keepers if keeper.monitor and keeper.best_model_path), None)
        if not self.trainer.is_global_zero or keeper is None:
            return
        data = ", ".join(str(folder) for folder in self.datamodule.folders)
        folder = Path(self.trainer.default_root_dir) / EXPORT
        export(Path(keeper.best_model_path), folder, {"corpora": data})
        print(f"best checkpoint, {keeper.monitor} {float(keeper.best_model_score or 0):.4f}: {folder}")


def main(arguments: Sequence[str]) -> None:
    """Run one of Lightning's subcommands; `arguments` begins with its name."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no advertisement, no list of absent hardware
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter", category=UserWarning)
    outside_of_slurm = () if in_slurm() else ("The `srun` command is available on your system",)
    for harmless in (*_HARMLESS, *outside_of_slurm):
        warnings.filterwarnings("ignore", message=harmless)
    with explained():
        PaseCLI(
            PaseTask,
            CorpusDataModule,
            args=list(arguments),
            save_config_callback=KeepSettings,
            seed_everything_default=0,
            trainer_defaults=_DEFAULTS,
            parser_kwargs={"prog": "pase", "description": __doc__},
        )


def wandb_id(root: Path, goes_on: bool) -> str | None:
    """The name by which wandb knows a run, kept in its folder; a run that begins gets a new one.

    None for processes that do not log.
    """
    if getattr(rank_zero_only, "rank", 0):
        return None
    path = root / "wandb_id"
    if goes_on and path.is_file():
        return path.read_text(encoding="ascii").strip()
    drawn = secrets.token_hex(4)
    make_folder(root)
    write_text(path, f"{drawn}\n")
    return drawn


def _default_callbacks(root: Path, given: list[Callback]) -> list[Callback]:
    defaults: list[Callback] = [
        StopAtNonFiniteLoss(),  # before those that look at spoilt weights or save them
        OwnCheckpoints(),
        TrainingSpeed(),
        CalibrateFeatures(),
        LearningRateMonitor("step"),
        SlurmPreemption(),
    ]
    if not interactive():
        defaults.append(PlainProgress())
    kinds = {type(callback) for callback in given}
    added = [callback for callback in defaults if type(callback) not in kinds]
    if not any(isinstance(callback, ModelCheckpoint) and callback.monitor for callback in given):
        best = ModelCheckpoint(
            dirpath=root / CHECKPOINTS,
            filename="step={step}",
            auto_insert_metric_name=False,
            monitor="validation/loss",  # sync saturates long before lips are as good as they get
        )
        added.append(best)
    return [*added, LastCheckpoint(root / CHECKPOINTS)]


def _as_list(value: Any) -> list[Any]:
    if value in (None, True, False):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
