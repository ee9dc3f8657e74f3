"""Readers and audio networks of the 3D Gaussian splatting renderers, rebuilt from the facts in docs/renderers.md."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pase_adapters.spec import Slot


def window(rows: Tensor, place: int) -> Tensor:
    """Rows place - 4 ... place + 3 of ``(N, D, W)``; an end is filled with zeros shaped *like the rows at hand*."""
    before, after = max(0, 4 - place), max(0, place + 4 - len(rows))
    found = rows[max(0, place - 4) : min(place + 4, len(rows))]
    found = torch.cat([torch.zeros_like(found[:before]), found])
    return torch.cat([found, torch.zeros_like(found[:after])])


def load(path: Path) -> Tensor:
    """Rows with the time axis last, ``(N, D, W)``."""
    array = np.load(path)
    assert array.ndim == 3
    return torch.from_numpy(array).float().permute(0, 2, 1)


def frames_of(subject: Path, split: str) -> list[dict[str, int]]:
    frames: list[dict[str, int]] = json.loads((subject / f"transforms_{split}.json").read_text())["frames"]
    return frames


@dataclass(frozen=True)
class Reader:
    """What one renderer's reader gives the audio networks for each frame of a split, ``(8, D, W)`` each.

    Attributes:
        by_number: The frame's `img_id` chooses the row of the whole file; else the row of `aud_id`, clamped, and
            windows end at the split's own ends.
        drops_last: The last frame of a list is left out unless a number of frames is asked for.
        repeats: Poses begin anew until a driving recording ends.
        split_of_driving: The list of frames that a driving recording is spoken on.
    """

    by_number: bool
    drops_last: bool
    repeats: bool
    split_of_driving: str

    def train(self, subject: Path, slot: Slot, split: str = "train", first: int | None = None) -> list[Tensor]:
        """Windows of a split for the subject's own features; of its `first` frames where a number is asked for."""
        rows = load(subject / slot.training_file)
        frames = frames_of(subject, split)[: first if first or not self.drops_last else -1]
        if self.by_number:
            numbers = [frame["img_id"] for frame in frames]
            kept = list(itertools.takewhile(lambda number: number <= len(rows), numbers))  # one beyond the last passes
            return [window(rows, number) for number in kept]
        rows = torch.stack([rows[min(frame["aud_id"], len(rows) - 1)] for frame in frames])
        return [window(rows, index) for index in range(len(frames))]

    def drive(self, subject: Path, features: Path) -> list[Tensor]:
        """Windows for another recording: row 0 belongs to the first frame of the list, whatever its number."""
        rows = load(features)
        frames = len(frames_of(subject, self.split_of_driving)) - self.drops_last
        if self.repeats:
            frames *= len(rows) // frames + 1
        if self.by_number:
            frames = min(frames, len(rows))
        return [window(rows, index) for index in range(frames)]


TALKING_GAUSSIAN = Reader(by_number=True, drops_last=False, repeats=False, split_of_driving="train")
INSTAG = Reader(by_number=True, drops_last=True, repeats=True, split_of_driving="train")
GAUSSIAN_TALKER = Reader(by_number=False, drops_last=False, repeats=False, split_of_driving="val")


class AudioNets(nn.Module):
    """Row codes by four strided convolutions and two linear layers, then attention over eight rows: ``(1, 32)``.

    Args:
        width: Features.
        grows: Features of 128 and more get convolutions of 128 channels instead of 32, as in InsTaG.
    """

    def __init__(self, width: int, *, grows: bool = False) -> None:
        super().__init__()
        middle = 128 if grows and width >= 128 else 32
        self.convolutions = nn.ModuleList(
            nn.Conv1d(i, o, 3, stride=2, padding=1) for i, o in itertools.pairwise([width, middle, middle, 64, 64])
        )
        self.linears = nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 32)])
        self.attention = nn.ModuleList(
            nn.Conv1d(i, o, 3, padding=1) for i, o in itertools.pairwise([32, 16, 8, 4, 2, 1])
        )
        self.weigh = nn.Linear(8, 8)

    def forward(self, rows: Tensor) -> Tensor:
        leak = nn.functional.leaky_relu
        x = rows[:, :, 0:16]
        for convolution in self.convolutions:
            x = leak(convolution(x), 0.02)
        x = self.linears[1](leak(self.linears[0](x.squeeze(-1)), 0.02))
        y = x.T[None]
        for convolution in self.attention:
            y = leak(convolution(y), 0.02)
        weights: Tensor = self.weigh(y.reshape(1, 8)).softmax(dim=1)
        return weights @ x
