"""Loaders and audio networks of the NeRF family, rebuilt from the facts in docs/renderers.md alone."""

import itertools
from collections.abc import Sequence

import torch
from torch import nn


def rows_of_frames(array: torch.Tensor, frames: Sequence[int]) -> torch.Tensor:
    """Each frame's row, time last: ``(frames, D, W)``. Frames beyond the file get its last row."""
    assert array.ndim == 3
    return torch.stack([array[min(frame, len(array) - 1)].T for frame in frames])


def window(rows: torch.Tensor, place: int) -> torch.Tensor:
    """Rows place - 4 ... place + 3; an end is filled with zeros shaped *like rows at hand*, so by no more than they."""
    before, after = max(0, 4 - place), max(0, place + 4 - len(rows))
    cut = rows[max(0, place - 4) : place + 4]
    cut = torch.cat([torch.zeros_like(cut[:before]), cut])
    return torch.cat([cut, torch.zeros_like(cut[:after])])


def windows(rows: torch.Tensor) -> torch.Tensor:
    """The window of every frame of a split, ``(frames, 8, D, W)``: none looks beyond its own split."""
    return torch.stack([window(rows, place) for place in range(len(rows))])


class AudioNets(nn.Module):
    """Row codes by four strided convolutions and two linear layers, then attention over eight rows.

    Args:
        width: Features.
        codes: Numbers that a row becomes.
        attended: How many of them the attention looks at to weigh the rows.
    """

    def __init__(self, width: int, codes: int, attended: int | None = None) -> None:
        super().__init__()
        self.attended = attended or codes
        channels = [width, 32, 32, 64, 64]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(i, o, 3, stride=2, padding=1) for i, o in itertools.pairwise(channels)
        )
        self.linears = nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, codes)])
        channels = [self.attended, 16, 8, 4, 2, 1]
        self.attention = nn.ModuleList(nn.Conv1d(i, o, 3, padding=1) for i, o in itertools.pairwise(channels))
        self.weigh = nn.Linear(8, 8)

    def rows(self, window: torch.Tensor) -> torch.Tensor:
        """Codes ``(8, codes)`` of the first 16 columns of rows ``(8, D, W)``."""
        leak = nn.functional.leaky_relu
        x = window[:, :, 0:16]
        for convolution in self.convolutions:
            x = leak(convolution(x), 0.02)
        codes: torch.Tensor = self.linears[1](leak(self.linears[0](x.squeeze(-1)), 0.02))
        return codes

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """One code ``(1, codes)`` of a window."""
        x = self.rows(window)
        y = x[:, : self.attended].T[None]
        for convolution in self.attention:
            y = nn.functional.leaky_relu(convolution(y), 0.02)
        return self.weigh(y.reshape(1, 8)).softmax(dim=1) @ x
