"""The Lightning side of PASE: losses, metrics, optimizer."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from pase.audio.augmentation import SpectrumAugment, SpectrumAugmentConfig
from pase.audio.waveform_augmentation import WaveformAugment, WaveformAugmentConfig
from pase.data.windows import Batch
from pase.errors import InputError
from pase.evaluation.sync import SHIFTS, OffsetScore, score_windows
from pase.models.audio_encoder import at_frames
from pase.models.config import ModelConfig
from pase.models.losses import ContrastiveConfig, contrastive_loss, lip_shape_loss, phone_loss
from pase.models.model import Encoded, PaseModel
from pase.models.precision import full_precision
from pase.models.ranks import all_rows, alone, ranks, total
from pase.models.video_queue import QueuedVideo, enqueue
from pase.models.visual_encoder import resize_lips
from pase.training.denormals import FlushDenormals
from pase.video.augmentation import LipAugment, LipAugmentConfig


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW with warm-up and cosine decay.

    Attributes:
        lr: Peak learning rate (paper: 5e-5).
        weight_decay: Of matrices; biases, norms and embeddings have none.
        warmup: Steps of linear rise.
        steps: Step at which the cosine reaches its end, 1 % of the peak; 0 keeps the rate constant. It is given here
            and not taken from the trainer, whose estimate restarts at 0 when a run is resumed within an epoch.
    """

    lr: float = 1.5e-3
    weight_decay: float = 0.01
    warmup: int = 100
    steps: int = 0


@dataclass(frozen=True)
class AugmentConfig:
    """Augmentation of both modalities; None leaves one as it is."""

    waveform: WaveformAugmentConfig | None = field(default_factory=WaveformAugmentConfig)
    spectrum: SpectrumAugmentConfig | None = field(default_factory=SpectrumAugmentConfig)
    lips: LipAugmentConfig | None = field(default_factory=LipAugmentConfig)


_PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


class PaseTask(pl.LightningModule):
    """Trains a `PaseModel`: L = L_con + alpha L_rec (paper section 2.6) + beta L_phone + gamma L_shape.

    All that is drawn in a step depends on the seed, the number of the step, the rank and which of the step's batches it
    is, where gradients of several are accumulated, so that a run that goes on behind a step draws what it would have
    drawn.

    Args:
        net: Sizes and switches of the model.
        contrastive: Temperature and negatives of L_con.
        alpha: Weight of L_rec; the paper does not state it.
        beta: Weight of the phone heads' loss; not in the paper.
        gamma: Weight of the lip shape head's loss; not in the paper.
        optimizer: Learning rate and schedule.
        augment: Augmentation.
        compile_visual: Let `torch.compile` translate the visual encoder at the beginning, which takes a minute or two.
    """

    def __init__(
        self,
        net: ModelConfig,
        contrastive: ContrastiveConfig | None = None,
        alpha: float = 0.1,
        beta: float = 0.5,
        gamma: float = 2.0,
        optimizer: OptimizerConfig | None = None,
        augment: AugmentConfig | None = None,
        compile_visual: bool = False,
    ) -> None:
        super().__init__()
        if beta > 0 and not net.phone_heads:
            raise InputError(f"model.beta is {beta}, but there are no phone heads: set model.net.phone_heads: true")
        if gamma > 0 and not net.lip_shape_head:
            raise InputError(f"model.gamma is {gamma}, but there is no head: set model.net.lip_shape_head: true")
        self.model = PaseModel(net)
        self.contrastive = contrastive or ContrastiveConfig()
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.optimizer_config = optimizer or OptimizerConfig()
        self.compile_visual = compile_visual
        augment = augment or AugmentConfig()
        self.waveform_augment = WaveformAugment(augment.waveform) if augment.waveform else None
        self.spectrum_augment = SpectrumAugment(augment.spectrum) if augment.spectrum else None
        self.lip_augment = LipAugment(augment.lips) if augment.lips else None
        self._queue: QueuedVideo | None = None
        self._seed = 0
        self._place = (-1, 0)  # the step of the last training batch, and which batch of the step it was
        self._windows = OffsetScore(0, 0)

    def configure_callbacks(self) -> list[pl.Callback]:
        """What belongs to training this method wherever it is trained."""
        return [FlushDenormals()]

    def on_fit_start(self) -> None:
        """Keep the seed of the run; compile what is to be compiled.

        Raises:
            InputError: Weights would be in half precision.
        """
        if str(self.trainer.precision) not in _PRECISIONS:
            raise InputError(
                f"trainer.precision is {self.trainer.precision}; expected one of {', '.join(_PRECISIONS)}: "
                f"weights, spectra and losses need their digits"
            )
        self._seed = torch.initial_seed()
        if self.compile_visual:
            self.model.video.compile()

    def on_train_start(self) -> None:
        """Have a checkpoint's queue where the model is."""
        if self._queue is not None:
            parts = self._queue.to_state().values()
            self._queue = QueuedVideo(*(part.to(self.device) for part in parts))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One step; returns L."""
        step, part = self._place
        step, part = self._place = (step, part + 1) if step == self.global_step else (self.global_step, 0)
        torch.manual_seed(_step_seed(self._seed, step, 0, part))  # what is drawn for the batches of all ranks
        draws = torch.Generator(self.device).manual_seed(_step_seed(self._seed, step, self.global_rank, part))
        encoded = self._encode(batch, draws)
        queued = self._queue if "queue" in self.contrastive.negatives else None
        with full_precision(self.device):
            values = self._losses(encoded, batch, queued)
        logged = total(torch.stack([value.detach().float() for value in values.values()])) / ranks()
        self.log_dict(
            {f"train/{name}": value for name, value in zip(values, logged, strict=True)}, batch_size=len(batch)
        )
        if "queue" in self.contrastive.negatives:
            both = all_rows(batch.heard & batch.seen)
            every = (all_rows(rows)[both] for rows in (encoded.video.detach(), batch.phones, batch.valid))
            newest = QueuedVideo(*every)
            self._queue = enqueue(self._queue, newest, self.contrastive.queue)
        return values["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Losses, and the offset of 0.4-s stretches, without phones."""
        self._evaluate(batch, batch_idx, "validation")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """As `validation_step`."""
        self._evaluate(batch, batch_idx, "test")

    def predict_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Features of each frame, as renderers get them: clip id to shape ``(T, D)``."""
        states = self.model.features(self.model.audio(batch.waveform).states)
        features = at_frames(states, batch.context, batch.valid.shape[1], self.model.audio.rate)
        return {name: rows[valid] for name, rows, valid in zip(batch.clip_ids, features, batch.valid, strict=True)}

    def on_validation_epoch_start(self) -> None:
        """Begin to count."""
        self._windows = OffsetScore(0, 0)

    on_test_epoch_start = on_validation_epoch_start

    def on_validation_epoch_end(self) -> None:
        """Log the share of 0.4-s stretches whose offset was found within one frame."""
        self.log("validation/window_sync", self._share_of_windows(), prog_bar=True, sync_dist=True)

    def on_test_epoch_end(self) -> None:
        """As `on_validation_epoch_end`."""
        self.log("test/window_sync", self._share_of_windows(), sync_dist=True)

    def _share_of_windows(self) -> float:
        counts = total(torch.tensor([self._windows.found, self._windows.total], device=self.device))
        return OffsetScore(*(int(count) for count in counts)).share

    def _encode(self, batch: Batch, draws: torch.Generator | None = None) -> Encoded:
        """Both modalities, augmented while training."""
        waveform, lips = batch.waveform, resize_lips(batch.lips[batch.seen], self.model.config.visual.crop_size)
        augment = None
        if draws is not None:
            if self.waveform_augment is not None:
                waveform = self.waveform_augment(waveform, draws)
            if self.lip_augment is not None:
                with full_precision(self.device):
                    lips = self.lip_augment(lips, draws)
            if self.spectrum_augment is not None:
                augment = partial(self.spectrum_augment, generator=draws)
        encoded: Encoded = self.model(waveform, lips, batch.phones, batch.context, batch.heard, batch.seen, augment)
        return encoded

    def _evaluate(self, batch: Batch, batch_idx: int, stage: str) -> None:
        number = batch_idx * self.trainer.world_size + self.global_rank  # whichever rank has it
        torch.manual_seed(_step_seed(self._seed, number, 0, 0))  # the same masks in every validation
        encoded = self._encode(batch)
        with alone(), full_precision(self.device):  # a rank may have a batch more than another
            values = self._losses(encoded, batch, None)
        self.log_dict(
            {f"{stage}/{name}": value for name, value in values.items()}, batch_size=len(batch), sync_dist=True
        )
        both = batch.heard & batch.seen
        for audio, video, valid in zip(encoded.audio[both], encoded.video[both], batch.valid[both], strict=True):
            similarity = self.model.sync_similarity(audio[valid], video[valid], SHIFTS)
            self._windows += score_windows(similarity.float().cpu().numpy())

    def _losses(self, encoded: Encoded, batch: Batch, queued: QueuedVideo | None) -> dict[str, Tensor]:
        """L as "loss", and its parts."""
        values = {
            "contrastive": contrastive_loss(
                self.model.alignment, encoded, batch.phones, batch.valid, self.contrastive, queued
            ),
            "reconstruction": self.model.reconstruction_loss(encoded),
        }
        loss = values["contrastive"] + self.alpha * values["reconstruction"]
        if self.model.phone_heads is not None:
            heard = batch.valid & batch.heard[:, None]
            values["phones"] = phone_loss(self.model.phone_heads, encoded.audio, batch.phones, heard)
            loss = loss + self.beta * values["phones"]
        if self.model.lip_shape_head is not None:
            both = batch.valid & (batch.heard & batch.shaped)[:, None]
            values["lip_shape"] = lip_shape_loss(self.model.lip_shape_head, encoded.audio, batch.shapes, both)
            loss = loss + self.gamma * values["lip_shape"]
        return {**values, "loss": loss}

    def configure_optimizers(self) -> Any:
        """AdamW and its schedule, by step."""
        config = self.optimizer_config
        decayed = [p for p in self.parameters() if p.requires_grad and p.ndim > 1]
        other = [p for p in self.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": other, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=config.lr)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": RateSchedule(optimizer, config), "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the sizes beside the weights, as plain values, so that `pase export` needs no YAML; and the queue."""
        if self._place[0] == self.global_step:
            rank_zero_warn(
                f"the checkpoint of step {self.global_step} lies within a step of accumulated batches, whose gradients "
                f"it does not hold: a run that goes on from it makes that step of the others alone. Let "
                f"trainer.val_check_interval and an epoch's batches be multiples of trainer.accumulate_grad_batches."
            )
        checkpoint["pase_model"] = self.model.config.to_json()
        if self._queue is not None:
            checkpoint["pase_queue"] = self._queue.to_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of other sizes with a message that names what differs; take its queue."""
        found, wanted = checkpoint.get("pase_model"), self.model.config.to_json()
        if found != wanted:
            raise InputError(f"the checkpoint was trained with model.net = {found}, the config says {wanted}")
        if "pase_queue" in checkpoint:
            self._queue = QueuedVideo.from_state(checkpoint["pase_queue"], self.model.config.dim)
        if not isinstance(checkpoint.get("lr_schedulers", []), list):
            raise InputError("the checkpoint's schedules of the rate are no list")


class RateSchedule(torch.optim.lr_scheduler.LambdaLR):
    """The rate by step. Of a checkpoint it takes the number of the step alone.

    Rates and decays are the config's for that step, whatever the checkpoint says of them.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, config: OptimizerConfig) -> None:
        self._decays = [group["weight_decay"] for group in optimizer.param_groups]
        super().__init__(optimizer, partial(learning_rate_factor, config=config))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on at the step; the optimizer has its state already.

        Raises:
            InputError: There is no step.
        """
        step = state_dict.get("last_epoch") if isinstance(state_dict, dict) else None
        if type(step) is not int or not 0 <= step < _MOST_STEPS:
            raise InputError(f"the checkpoint's schedule of the rate is at step {step!r}, which cannot be")
        self.last_epoch, self._step_count = step, step + 1
        rates = [base * factor(step) for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]
        self._last_lr = rates
        settings = zip(self.optimizer.param_groups, rates, self.base_lrs, self._decays, strict=True)
        for group, rate, base, decay in settings:
            group["lr"], group["initial_lr"], group["weight_decay"] = rate, base, decay


_MOST_STEPS = 2**48


def _step_seed(seed: int, step: int, rank: int, part: int) -> int:
    entropy = (seed, step, rank, part) if part else (seed, step, rank)
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1)


def learning_rate_factor(step: int, config: OptimizerConfig) -> float:
    """Factor on the peak rate at a step: linear warm-up, then cosine down to 1 %."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.steps <= config.warmup:
        return 1.0
    progress = min(1.0, (step - config.warmup) / (config.steps - config.warmup))
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))
