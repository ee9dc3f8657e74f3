"""The judge's network: five grey mouths and the 200 ms of sound that belong to them, in one space.

As in SyncNet (Chung and Zisserman 2016) both streams are convolutions over a window of 0.2 s. Nothing of it is PASE's:
no recurrence, no colour, mel bands, other windows.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.evaluation.judge.hearing import BANDS, PER_FRAME

WINDOW = 5
"""Video frames in a window, 0.2 s."""

SIDE = 48
"""Side in pixels of the grey mouths."""

_DIM = 128


class Judge(nn.Module):
    """Embeddings of unit length; their distance is small where lips and sound belong together."""

    def __init__(self) -> None:
        super().__init__()
        self.eye = nn.Sequential(
            *_stage(WINDOW, 32),
            *_stage(32, 64),
            *_stage(64, 96),
            *_stage(96, 128),
            nn.Flatten(),
            nn.Linear(128 * 9, _DIM),
        )
        self.ear = nn.Sequential(
            *_tone(BANDS, 96, 1), *_tone(96, 128, 2), *_tone(128, 128, 2), nn.Flatten(), nn.Linear(128 * 5, _DIM)
        )
        self.sharpness = nn.Parameter(torch.tensor(2.5))

    def see(self, mouths: Tensor) -> Tensor:
        """Embeddings ``(N, 128)`` of windows of mouths, in [0, 1], ``(N, 5, 48, 48)``."""
        mean, spread = mouths.mean((1, 2, 3), keepdim=True), mouths.std((1, 2, 3), keepdim=True)
        return F.normalize(self.eye((mouths - mean) / (spread + 0.02)), dim=1)

    def hear(self, bands: Tensor) -> Tensor:
        """Embeddings ``(N, 128)`` of windows of mel bands ``(N, 20, 40)``."""
        return F.normalize(self.ear(bands.transpose(1, 2) / 3), dim=1)


def _stage(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def _tone(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [nn.Conv1d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]


def windows(values: Tensor, frames: Tensor, per_frame: int = 1) -> Tensor:
    """Windows around video frames out of a clip: ``(T * per_frame, ...)`` to ``(N, 5 * per_frame, ...)``."""
    first = (frames - WINDOW // 2) * per_frame
    return values[first[:, None] + torch.arange(WINDOW * per_frame)]


def whole(values: Tensor) -> Tensor:
    """Numbers of the frames of a clip around which a window fits."""
    return torch.arange(WINDOW // 2, len(values) - WINDOW // 2)


__all__ = ["PER_FRAME", "SIDE", "WINDOW", "Judge", "whole", "windows"]
