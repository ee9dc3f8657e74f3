"""Windows of clips: what one training example is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pase.audio.waveform import Waveform
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME, Clip
from pase.models.visual_encoder import MARGIN
from pase.phonemes.inventory import UNKNOWN


@dataclass(frozen=True)
class WindowConfig:
    """What is cut from a clip.

    Attributes:
        frames: Video frames of a window.
        context: Frames of sound heard before the first video frame, so that the GRU is warm.
        tail: Frames of sound after the last one; must cover the model's look-ahead.
        speed: Largest factor on the speed of sound and picture together, either way; training only.
    """

    frames: int = 32
    context: int = 16
    tail: int = 4
    speed: float = 1.15


@dataclass(frozen=True)
class Batch:
    """Windows of several clips.

    Attributes:
        waveform: 16 kHz, shape ``(B, (context + T + tail) * 640)``.
        lips: uint8 RGB, shape ``(B, T + 4, 96, 96, 3)``: two frames of margin before and after.
        phones: Class numbers at the frames' middles, shape ``(B, T)``.
        valid: True where the clip really has a frame, shape ``(B, T)``.
        context: Frames of sound before the first video frame.
        clip_ids: For messages.
    """

    waveform: Tensor
    lips: Tensor
    phones: Tensor
    valid: Tensor
    context: int
    clip_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.clip_ids)

    def to(self, device: torch.device, non_blocking: bool = False) -> "Batch":
        """Move the tensors."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Batch":
        """Pin the tensors for faster transfer to a GPU."""
        return self._with(Tensor.pin_memory)

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return replace(
            self,
            waveform=change(self.waveform),
            lips=change(self.lips),
            phones=change(self.phones),
            valid=change(self.valid),
        )

    @classmethod
    def join(cls, batches: Sequence["Batch"]) -> "Batch":
        """Put windows of equal size together."""
        return cls(
            waveform=torch.cat([batch.waveform for batch in batches]),
            lips=torch.cat([batch.lips for batch in batches]),
            phones=torch.cat([batch.phones for batch in batches]),
            valid=torch.cat([batch.valid for batch in batches]),
            context=batches[0].context,
            clip_ids=tuple(name for batch in batches for name in batch.clip_ids),
        )


def cut_window(clip: Clip, config: WindowConfig, rng: np.random.Generator | None) -> Batch:
    """Cut one window from a clip, as a batch of one.

    Args:
        clip: Content of the clip. If it is shorter than the window, the rest is marked as not valid.
        config: Sizes.
        rng: Draws position and speed; None takes the beginning at the original speed.
    """
    speed = float(config.speed ** rng.uniform(-1, 1)) if rng is not None and config.speed != 1 else 1.0
    spare = clip.record.frames - config.frames * speed
    start = int(rng.uniform(0, spare + 1)) if rng is not None and spare > 0 else 0

    middles = start + (np.arange(-MARGIN, config.frames + MARGIN) + 0.5) * speed  # in frames of the clip
    lips = clip.lips[np.clip(middles.astype(np.int64), 0, clip.record.frames - 1)]
    middles = middles[MARGIN:-MARGIN]
    valid = middles < clip.record.frames
    if clip.record.phones is None:
        phones = np.full(config.frames, UNKNOWN)
    else:
        phones = clip.record.phones.labels_at(middles / FRAME_RATE)
    waveform = _cut_sound(clip.waveform, start - config.context * speed, config, speed)
    return Batch(
        torch.from_numpy(waveform)[None],
        torch.from_numpy(lips)[None],
        torch.from_numpy(phones)[None],
        torch.from_numpy(valid)[None],
        config.context,
        (clip.record.clip_id,),
    )


def _cut_sound(waveform: Waveform, first_frame: float, config: WindowConfig, speed: float) -> Waveform:
    count = (config.context + config.frames + config.tail) * SAMPLES_PER_FRAME
    position = first_frame * SAMPLES_PER_FRAME + np.arange(count) * speed
    sound = np.interp(position, np.arange(len(waveform)), waveform, left=0.0, right=0.0)
    return np.asarray(sound, dtype=np.float32)
