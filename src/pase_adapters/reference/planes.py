"""Features of points in space from three planes of learned grids, as ER-NeRF and GaussianTalker keep them."""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_AXES = ((0, 1), (0, 2), (1, 2))
"""Coordinates that span each plane."""


class TriPlane(nn.Module):
    """Three square grids of features, read by bilinear interpolation and put side by side.

    Args:
        resolution: Cells along a side.
        channels: Features of a cell.
    """

    def __init__(self, resolution: int, channels: int) -> None:
        super().__init__()
        self.width = len(_AXES) * channels
        self.grids = nn.Parameter(0.1 * torch.randn(len(_AXES), channels, resolution, resolution))

    def forward(self, points: Tensor) -> Tensor:
        """Features ``(N, width)`` of points ``(N, 3)`` in [-1, 1]; beyond that the edge counts."""
        places = torch.stack([points[:, axes] for axes in _AXES])[:, None]
        found = F.grid_sample(self.grids, places, padding_mode="border", align_corners=True)  # (3, C, 1, N)
        return found[:, :, 0].flatten(0, 1).T


def perceptron(*widths: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
