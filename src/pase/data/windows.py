"""Windows of clips: what one training example is."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.audio.waveform import Waveform
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, LIP_POINTS, SAMPLES_PER_FRAME, ClipRecord
from pase.errors import InputError
from pase.models.visual_encoder import MARGIN
from pase.phonemes.inventory import UNKNOWN


@dataclass(frozen=True)
class WindowConfig:
    """What is cut from a clip.

    Attributes:
        frames: Video frames of a window. Several lengths: each clip gives windows of the longest that it fills, and
            the windows of a batch are of one length.
        context: Frames of sound heard before the first video frame, so that the GRU is warm.
        tail: Frames of sound after the last one; must cover the model's look-ahead.
        speed: Largest factor on the speed of sound and picture together, either way; training only.
        seen: Share of the windows of clips with lips whose pictures are looked at; the others teach only what the sound
            says of phones and of the shape of lips, in less time. Training only.
    """

    frames: int | list[int] = 32
    context: int = 16
    tail: int = 4
    speed: float = 1.15
    seen: float = 1.0

    def __post_init__(self) -> None:
        if not self.lengths or self.lengths[0] < 1 or self.context < 0 or self.tail < 0:
            raise InputError(
                f"windows of {self.frames} frames with {self.context} before and {self.tail} after them: "
                "at least one frame is needed, and none can be negative"
            )
        if not 1 <= self.speed < 4:
            raise InputError(f"the largest change of speed is {self.speed}; it must be a factor from 1 to 4")
        if not 0 < self.seen <= 1:
            raise InputError(f"{self.seen} of the windows are looked at; it must be a share above 0, at most 1")

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of windows in frames, rising."""
        return (self.frames,) if isinstance(self.frames, int) else tuple(sorted(set(self.frames)))


@dataclass(frozen=True)
class Batch:
    """Windows of several clips.

    Attributes:
        waveform: 16 kHz, shape ``(B, (context + T + tail) * 640)``.
        lips: uint8 RGB, shape ``(B, T + 4, 96, 96, 3)``: two frames of margin before and after.
        shapes: Displacement of the lip points in mouth widths, see `pase.video.landmarks.lip_displacement`, shape
            ``(B, T, 80)``.
        phones: Class numbers at the frames' middles, shape ``(B, T)``.
        valid: True where the clip really has a frame, shape ``(B, T)``.
        shaped: True for windows of clips with lips, shape ``(B,)``; the shapes of others are zero.
        seen: True for those of them whose pictures are looked at, shape ``(B,)``; the lips of others are zero.
        heard: True for windows of clips with sound, shape ``(B,)``; the waveform of others is zero.
        context: Frames of sound before the first video frame.
        clip_ids: For messages.
        unreadable: Ids of clips that could not be read, each with the reason; their windows are empty.
    """

    waveform: Tensor
    lips: Tensor
    shapes: Tensor
    phones: Tensor
    valid: Tensor
    shaped: Tensor
    seen: Tensor
    heard: Tensor
    context: int
    clip_ids: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()

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
            shapes=change(self.shapes),
            phones=change(self.phones),
            valid=change(self.valid),
            shaped=change(self.shaped),
            seen=change(self.seen),
            heard=change(self.heard),
        )

    def clear(self, row: int) -> None:
        """Let a window be of nothing: neither seen nor heard, without a valid frame."""
        for part in (self.waveform, self.lips, self.shapes, self.valid, self.shaped, self.seen, self.heard):
            part[row] = 0
        self.phones[row] = UNKNOWN

    @classmethod
    def empty(cls, clip_ids: tuple[str, ...], frames: int, config: WindowConfig, shared: bool = False) -> "Batch":
        """Room for windows of these clips, with any values.

        Args:
            clip_ids: A clip for each window.
            frames: Length of the windows.
            config: What is heard around them.
            shared: In memory that other processes can read.
        """
        windows, samples = len(clip_ids), (config.context + frames + config.tail) * SAMPLES_PER_FRAME
        pictures = frames + 2 * MARGIN
        return cls(
            _room(shared, torch.float32, windows, samples),
            _room(shared, torch.uint8, windows, pictures, CROP_SIZE, CROP_SIZE, 3),
            _room(shared, torch.float32, windows, frames, 2 * LIP_POINTS),
            _room(shared, torch.int64, windows, frames),
            _room(shared, torch.bool, windows, frames),
            _room(shared, torch.bool, windows),
            _room(shared, torch.bool, windows),
            _room(shared, torch.bool, windows),
            config.context,
            clip_ids,
        )


def _room(shared: bool, dtype: torch.dtype, *shape: int) -> Tensor:
    if not shared:
        return torch.empty(shape, dtype=dtype)
    # As torch's own collation does in loader processes; `share_memory_` would take the room twice.
    storage = torch.UntypedStorage._new_shared(math.prod(shape) * dtype.itemsize)  # type: ignore[no-untyped-call]
    return torch.empty(0, dtype=dtype).set_(storage).view(shape)


@dataclass(frozen=True, slots=True)
class Window:
    """One place in a clip.

    Attributes:
        frames: Length at the speed it is shown.
        start: Frame of the clip at which it begins.
        speed: Frames of the clip in a frame of the window.
        seen: Whether its pictures are looked at, if there are any.
    """

    frames: int
    start: int = 0
    speed: float = 1.0
    seen: bool = True

    @classmethod
    def draw(cls, clip_frames: int, frames: int, config: WindowConfig, rng: np.random.Generator) -> "Window":
        """A random window of a clip; a clip that has enough frames fills it.

        Args:
            clip_frames: Length of the clip.
            frames: Length of the window.
            config: Its speed is kept lower where the clip would end before the window.
            rng: Draws position, speed and whether it is looked at.
        """
        faster = min(config.speed, max(1.0, clip_frames / frames))
        drawn = float(np.exp(rng.uniform(-np.log(config.speed), np.log(faster))))
        spare = int(clip_frames - frames * drawn)
        start = int(rng.integers(0, max(spare, 0) + 1))
        return cls(frames, start, drawn, bool(rng.random() < config.seen))

    @property
    def middles(self) -> NDArray[np.float64]:
        """Middles of the window's frames, in frames of the clip, shape ``(T,)``."""
        return self._middles(np.arange(self.frames))

    def pictures(self, clip_frames: int) -> NDArray[np.int64]:
        """Numbers of the clip's frames that are seen, the margin included; rising, shape ``(T + 4,)``."""
        middles = self._middles(np.arange(-MARGIN, self.frames + MARGIN))
        return np.clip(middles.astype(np.int64), 0, clip_frames - 1)

    def labels(self, record: ClipRecord) -> NDArray[np.int64]:
        """Class numbers of the phones at the frames' middles, shape ``(T,)``."""
        if record.phones is None:
            return np.full(self.frames, UNKNOWN)
        return record.phones.labels_at(self.middles / FRAME_RATE)

    def sound_end(self, config: WindowConfig) -> int:
        """Samples of the clip, counted from its beginning, that `sound` reads at most."""
        return max(1, math.ceil((self.start + (self.frames + config.tail) * self.speed) * SAMPLES_PER_FRAME) + 1)

    def sound(self, waveform: Waveform, config: WindowConfig) -> Waveform:
        """The clip's sound from `context` before to `tail` after the window; silence beyond the clip's ends."""
        count = (config.context + self.frames + config.tail) * SAMPLES_PER_FRAME
        first = (self.start - config.context * self.speed) * SAMPLES_PER_FRAME
        if self.speed == 1.0:
            return _stretch(waveform, round(first), count)
        position = first + np.arange(count) * self.speed
        whole = int(np.floor(first))
        near = _stretch(waveform, whole, int(position[-1] - whole) + 2)
        position -= whole
        before = position.astype(np.int64)
        share = (position - before).astype(np.float32)
        return np.asarray(near[before] * (1 - share) + near[before + 1] * share)

    def _middles(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(self.start + (numbers + 0.5) * self.speed, dtype=np.float64)


def _stretch(waveform: Waveform, first: int, count: int) -> Waveform:
    """So many samples from `first` on; zeros where there are none."""
    start, stop = min(max(first, 0), len(waveform)), min(max(first + count, 0), len(waveform))
    if stop - start == count:
        return waveform[start:stop]
    sound = np.zeros(count, np.float32)
    sound[start - first : stop - first] = waveform[start:stop]
    return sound
