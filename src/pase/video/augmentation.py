"""Augmentation of lip crops: position, size, mirror, light."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class LipAugmentConfig:
    """How far lip crops are changed; one draw for each clip, so that motion stays motion.

    Attributes:
        shift: Largest move in each direction, as a share of the crop's side.
        zoom: Largest factor on the size, either way.
        rotation: Largest turn in radians.
        mirror: Share of clips flipped left to right.
        light: Largest change of brightness and contrast, as a share.
        colour: Largest change of one colour against the others, as a share.
        occlusion: Share of clips of which a random rectangle is hidden.
    """

    shift: float = 0.06
    zoom: float = 1.15
    rotation: float = 0.15
    mirror: float = 0.5
    light: float = 0.3
    colour: float = 0.15
    occlusion: float = 0.1


class LipAugment(nn.Module):
    """Random change of lip crops; identity in evaluation mode."""

    def __init__(self, config: LipAugmentConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, lips: Tensor) -> Tensor:
        """Change crops of shape ``(B, T, 3, H, W)`` with values in 0 ... 1."""
        if not self.training:
            return lips
        return self._occlude(self._light(self._move(lips))).clamp(0, 1)

    def _move(self, lips: Tensor) -> Tensor:
        config, batch = self.config, len(lips)
        zoom = config.zoom ** _signed(batch, 1, lips)[:, 0]
        angle = _signed(batch, 1, lips)[:, 0] * config.rotation
        mirror = torch.where(torch.rand(batch, device=lips.device) < config.mirror, -1.0, 1.0)
        shift = _signed(batch, 2, lips) * 2 * config.shift
        cosine, sine = angle.cos() * zoom, angle.sin() * zoom
        rows = [
            torch.stack([cosine * mirror, -sine, shift[:, 0]], 1),
            torch.stack([sine * mirror, cosine, shift[:, 1]], 1),
        ]
        pictures = lips.flatten(1, 2)
        grid = F.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
        return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False).view_as(lips)

    def _light(self, lips: Tensor) -> Tensor:
        batch = len(lips)
        mean = lips.mean(dim=(1, 2, 3, 4), keepdim=True)
        contrast = 1 + _signed(batch, 1, lips).view(-1, 1, 1, 1, 1) * self.config.light
        brightness = 1 + _signed(batch, 1, lips).view(-1, 1, 1, 1, 1) * self.config.light
        colour = 1 + _signed(batch, 3, lips).view(-1, 1, 3, 1, 1) * self.config.colour
        return ((lips - mean) * contrast + mean) * brightness * colour

    def _occlude(self, lips: Tensor) -> Tensor:
        size = lips.shape[-1]
        along = torch.arange(size, device=lips.device)
        first = torch.rand(len(lips), 2, 1, device=lips.device) * size
        hidden = (along >= first) & (along < first + torch.rand_like(first) * size / 2)
        hidden = hidden[:, 0, :, None] & hidden[:, 1, None, :]
        hidden &= torch.rand(len(lips), 1, 1, device=lips.device) < self.config.occlusion
        return lips.masked_fill(hidden[:, None, None], 0.5)


def _signed(rows: int, columns: int, like: Tensor) -> Tensor:
    """Uniform in -1 ... 1."""
    return torch.rand(rows, columns, device=like.device) * 2 - 1
