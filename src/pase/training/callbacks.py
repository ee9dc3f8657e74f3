"""What happens around the training steps: calibration, plain progress lines."""

import sys
import time

import lightning.pytorch as pl
import torch

from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.data.module import CorpusDataModule
from pase.models.audio_encoder import at_frames
from pase.phonemes.inventory import PHONE_INDEX, SILENCE
from pase.training.task import PaseTask


class CalibrateFeatures(pl.Callback):
    """Before each validation, measure where silence lies and how wide features spread, on clean training clips.

    The result is a part of the weights, so every checkpoint can be exported. Where weights are averaged, the average is
    measured, which is what checkpoints hold: a callback that averages has to come before this one.

    Args:
        clips: Training clips to measure.
    """

    def __init__(self, clips: int = 64) -> None:
        self.clips = clips
        self._measured: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure; only while fitting."""
        data = trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit, not declared
        if trainer.state.fn != "fit" or not isinstance(data, CorpusDataModule) or not isinstance(pl_module, PaseTask):
            return
        model, states, silent = pl_module.model, [], []
        for clip in data.training_clips(self.clips):
            frames = min(clip.record.frames, len(clip.waveform) // SAMPLES_PER_FRAME)
            heard = model.audio(torch.from_numpy(clip.waveform).to(pl_module.device)[None]).states
            states.append(at_frames(heard, 0, frames, model.audio.rate)[0])
            labels = torch.from_numpy(clip.record.frame_labels()[:frames]).to(pl_module.device)
            silent.append(labels == PHONE_INDEX[SILENCE])
        model.features.fit(torch.cat(states), torch.cat(silent))
        self._measured = {name: value.clone() for name, value in model.features.state_dict().items()}

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the result in the weights that train on, too: an average of both is the result again."""
        if self._measured and isinstance(pl_module, PaseTask):
            pl_module.model.features.load_state_dict(self._measured)
            self._measured = {}


class PlainProgress(pl.Callback):
    """One line per validation, for logs and terminals that cannot draw a bar."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock; say what is trained."""
        self._start = time.monotonic()
        if trainer.is_global_zero:
            size = sum(p.numel() for p in pl_module.parameters()) / 1e6
            where = trainer.default_root_dir
            print(f"training {size:.2f} M parameters for {trainer.max_steps} steps in {where}", flush=True)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print step, elapsed time and the newest values."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or not trainer.is_global_zero:
            return
        values = {k: float(v) for k, v in trainer.callback_metrics.items() if k in _SHOWN}
        shown = "  ".join(f"{name} {value:.4f}" for name, value in sorted(values.items()))
        minutes = (time.monotonic() - self._start) / 60
        print(f"step {trainer.global_step:6d}  {minutes:6.1f} min  {shown}", flush=True)


_SHOWN = ("train/loss", "validation/loss", "validation/window_sync")


def interactive() -> bool:
    """Whether a progress bar can be drawn."""
    return sys.stdout.isatty()
