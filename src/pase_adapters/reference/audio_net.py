"""The audio path that RAD-NeRF handed down: a code for each row, and attention over eight rows around a frame.

Rebuilt from docs/renderer-facts.md: sizes and activations are those of the renderers, names are ours.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROWS = 8
"""Rows that a frame's code is made of: those of the four frames before it, its own, and three after it."""

CODE = 32
"""Width of a code."""

_COLUMNS = 16
"""Columns that the network looks at; further ones are cut off, as the renderers do it."""

_LEAK = 0.02


class AudioNet(nn.Module):
    """Codes of rows: four convolutions over the columns, each halving them, and two linear layers.

    Args:
        width: Features of a column.
        dim: Width of a code.
    """

    def __init__(self, width: int, dim: int = CODE) -> None:
        super().__init__()
        channels = (width, 32, 32, 64, 64)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, outputs, kernel_size=3, stride=2, padding=1)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.linears = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(_LEAK), nn.Linear(64, dim))

    def forward(self, rows: Tensor) -> Tensor:
        """Codes ``(N, dim)`` of rows ``(N, columns, width)``; of more than 16 columns the first 16 count."""
        columns = rows.transpose(1, 2)[:, :, :_COLUMNS]
        for convolution in self.convolutions:
            columns = F.leaky_relu(convolution(columns), _LEAK)
        codes: Tensor = self.linears(columns.squeeze(2))
        return codes


class AudioAttention(nn.Module):
    """One code of eight neighbouring ones: a softmax over them, from convolutions along them."""

    def __init__(self, dim: int = CODE) -> None:
        super().__init__()
        channels = (dim, 16, 8, 4, 2, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, outputs, kernel_size=3, padding=1) for inputs, outputs in itertools.pairwise(channels)
        )
        self.weigh = nn.Linear(ROWS, ROWS)

    def forward(self, codes: Tensor) -> Tensor:
        """The weighted mean ``(N, dim)`` of codes ``(N, 8, dim)``."""
        scores = codes.transpose(1, 2)
        for convolution in self.convolutions:
            scores = F.leaky_relu(convolution(scores), _LEAK)
        weights = self.weigh(scores.squeeze(1)).softmax(dim=1)
        return torch.einsum("nr,nrd->nd", weights, codes)


class AudioPath(nn.Module):
    """Codes of video frames from rows.

    Args:
        width: Features of a column.
        dim: Width of a code.
    """

    def __init__(self, width: int, dim: int = CODE) -> None:
        super().__init__()
        self.net = AudioNet(width, dim)
        self.attention = AudioAttention(dim)

    def forward(self, rows: Tensor) -> Tensor:
        """Codes ``(B, T, dim)`` of video frames from rows ``(B, T, columns, width)``; around a clip lie zeros."""
        batch, frames = rows.shape[:2]
        around = F.pad(rows, (0, 0, 0, 0, ROWS // 2, ROWS // 2 - 1))
        codes = self.net(around.flatten(0, 1)).view(batch, frames + ROWS - 1, -1)
        windows = codes.unfold(1, ROWS, 1).transpose(2, 3)  # (B, T, 8, dim)
        attended: Tensor = self.attention(windows.flatten(0, 1))
        return attended.view(batch, frames, -1)

    def of_windows(self, windows: Tensor) -> Tensor:
        """Codes ``(N, dim)`` of single video frames from the eight rows around each, ``(N, 8, columns, width)``."""
        attended: Tensor = self.attention(self.net(windows.flatten(0, 1)).view(*windows.shape[:2], -1))
        return attended
