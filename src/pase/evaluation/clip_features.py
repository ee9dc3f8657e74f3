"""What the measurements need of each clip: its lips and phones, its sound under a condition, its video encoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.audio.condition import Condition, degrade
from pase.audio.waveform import Waveform
from pase.corpus import codec
from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.models.model import PaseModel
from pase.models.visual_encoder import MARGIN, resize_lips, with_margin
from pase.phonemes.inventory import UNKNOWN
from pase.video.landmarks import lip_displacement, lip_gap

_PICTURES = 64
"""Video frames encoded together, so that memory does not grow with a clip's length."""

_VOICES = 8
"""Clips that may babble behind one."""


@dataclass(frozen=True)
class SeenClip:
    """What a clip's picture and phones say, at 25 frames per second; its sound is read where it is needed.

    Attributes:
        record: The clip's row of the manifest.
        aperture: Gap of the inner lips in eye distances, float32, shape ``(T,)``.
        shape: Lip points as `pase.video.landmarks.lip_displacement` gives them, float32, shape ``(T, 80)``.
        labels: Class number of the phone at each frame's middle, shape ``(T,)``; `UNKNOWN` where none is known.
        video: V, shape ``(T, D)``; None where the video was not encoded.
    """

    record: ClipRecord
    aperture: NDArray[np.float32]
    shape: NDArray[np.float32]
    labels: NDArray[np.int64]
    video: Tensor | None = None

    @property
    def spoken(self) -> bool:
        """Whether any of its phones is known."""
        return self.record.phones is not None and bool((self.labels != UNKNOWN).any())

    def __len__(self) -> int:
        return len(self.aperture)


def see_clips(
    corpus: Corpus, records: Sequence[ClipRecord], model: PaseModel | None = None, device: str = "cpu"
) -> list[SeenClip]:
    """Read lips and phones of clips; only one clip's pictures are in memory at a time.

    Args:
        corpus: Where the clips lie.
        records: Which clips.
        model: Encodes the video; without one the pictures are not decoded.
        device: Where the model computes.

    Raises:
        InputError: A clip cannot be read.
    """
    if model is not None:
        model = model.to(device).eval()
    return [_see(corpus, record, model, device) for record in records]


def hear_clips(
    corpus: Corpus, records: Sequence[ClipRecord], condition: Condition, seed: int = 0
) -> Iterator[Waveform]:
    """The sound of clips under a condition, one after the other.

    Args:
        corpus: Where the clips lie.
        records: Which clips; those that follow a clip, from the first again after the last, babble behind it.
        condition: How they are heard.
        seed: Of noise and rooms.

    Raises:
        InputError: A clip cannot be read.
    """
    if condition == Condition():
        yield from (_sound(corpus, record) for record in records)
        return
    around = [_sound(corpus, records[place % len(records)]) for place in range(_VOICES + 1)]
    for place in range(len(records)):
        yield degrade(around[0], condition, seed, around[1 : len(records)])
        around = [*around[1:], _sound(corpus, records[(place + _VOICES + 1) % len(records)])]


def encode_lips(model: PaseModel, lips: Tensor) -> Tensor:
    """V of a whole clip.

    Args:
        model: In evaluation mode.
        lips: uint8 RGB, shape ``(T, H, W, 3)``.

    Returns:
        Shape ``(T, D)``.
    """
    padded = with_margin(lips[None])
    parts = []
    for first in range(0, len(lips), _PICTURES):
        window = padded[:, first : first + _PICTURES + 2 * MARGIN]
        parts.append(model.video(resize_lips(window, model.config.visual.crop_size))[0])
    return torch.cat(parts)


def _see(corpus: Corpus, record: ClipRecord, model: PaseModel | None, device: str) -> SeenClip:
    encoded = corpus.encoded(record)
    points, video = codec.decode_points(encoded.points), None
    if model is not None:
        lips = codec.decode_lips(encoded.mp4, stop=record.frames)
        with torch.inference_mode():
            video = encode_lips(model, torch.from_numpy(lips).to(device))
    return SeenClip(record, lip_gap(points), lip_displacement(points), record.frame_labels(), video)


def _sound(corpus: Corpus, record: ClipRecord) -> Waveform:
    return codec.decode_sound(corpus.encoded(record).flac, record.samples)
