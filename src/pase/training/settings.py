"""The settings of a run: kept beside its checkpoints and in them, and compared when a run goes on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import yaml
from lightning.pytorch.cli import SaveConfigCallback

from pase.files import write_text

_KEY = "pase_settings"

_COMPARED = ("seed_everything", "model.", "data.")
_KEPT = ("optimizer.", "lr_scheduler.")
"""An optimizer and a schedule of one's own, whose settings torch takes from the checkpoint."""

_OF_TRAINER = frozenset(
    f"trainer.{name}"
    for name in (
        *("accumulate_grad_batches", "devices", "gradient_clip_algorithm", "gradient_clip_val", "limit_train_batches"),
        *("max_epochs", "max_steps", "num_nodes", "precision"),
    )
)


class KeepSettings(SaveConfigCallback):
    """Keeps the merged config in the run's folder and in every checkpoint, and tells what a run that goes on changes.

    The new settings hold, the rate and the decay of weights included; weights, the optimizer's moments and the number
    of the step are the checkpoint's. So is the place in the data, unless these are drawn in another way now: the loader
    tells that.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "overwrite": True, "save_to_log_dir": False})
        self._settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_none=False))

    def save_config(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Write ``config.yaml`` into the run's folder; a second run into the same folder overwrites it."""
        if stage == "fit":
            text = self.parser.dump(self.config, skip_none=False)
            write_text(Path(trainer.default_root_dir) / "config.yaml", text)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the settings, as plain values."""
        checkpoint[_KEY] = self._settings

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Tell what has changed; only when a run goes on."""
        kept = checkpoint.get(_KEY)
        if trainer.state.fn != "fit" or not trainer.is_global_zero or not isinstance(kept, Mapping):
            return
        changes = changed_settings(kept, self._settings)
        ignored = {name: values for name, values in changes.items() if name.startswith(_KEPT)}
        if obeyed := {name: values for name, values in changes.items() if name not in ignored}:
            print(
                f"The run goes on from step {checkpoint.get('global_step')} with other settings, which hold from here "
                f"on; weights and moments are the checkpoint's.\n{_told(obeyed)}",
                flush=True,
            )
        if ignored:
            print(
                "These settings do NOT hold: an optimizer or schedule of your own goes on with those of the "
                f"checkpoint. For others begin a new run.\n{_told(ignored)}",
                flush=True,
            )


def _told(changes: Mapping[str, tuple[Any, Any]]) -> str:
    return "\n".join(f"  {name}: {old} then, {new} now" for name, (old, new) in changes.items())


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings of model, data and schedule that differ: name to the value before and now."""
    one, other = dict(_flat(before)), dict(_flat(now))
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name) and (name.startswith((*_COMPARED, *_KEPT)) or name in _OF_TRAINER)
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
