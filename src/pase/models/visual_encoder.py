"""Visual encoder: lip crops in, features out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.models.config import VisualConfig
from pase.models.precision import widened
from pase.models.ranks import BatchNorm

STACK = 5
"""Neighbouring video frames that make one input (15 channels): 200 ms, centred."""

MARGIN = STACK // 2
"""Frames needed before the first and after the last."""


class _Block(nn.Module):
    """Convolution, batch norm, ReLU; with `residual`, the input is added before the ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int | tuple[int, int] = 1,
        padding: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = BatchNorm(outputs)
        self.residual = residual

    def forward(self, picture: Tensor) -> Tensor:
        result: Tensor = self.norm(self.convolution(picture))
        return F.relu(result + picture if self.residual else result)


class VisualEncoder(nn.Module):
    """Lip crops to features: one vector for each frame, seen together with two frames on either side."""

    def __init__(self, dim: int, config: VisualConfig) -> None:
        super().__init__()
        self.crop_size = config.crop_size
        self.standardise = config.standardise
        network = _Stacked(dim, config) if config.kind == "stacked" else _Shared(dim, config)
        self.network = network.to(memory_format=torch.channels_last)  # a quarter faster on CPUs, and GPUs like it too

    def forward(self, lips: Tensor) -> Tensor:
        """Encode the frames that have `MARGIN` neighbours on both sides.

        Args:
            lips: RGB in 0 ... 1, shape ``(B, T + 4, 3, H, W)``, H = W = `crop_size`.

        Returns:
            Shape ``(B, T, D)``.
        """
        features: Tensor = self.network(_standardise(lips) if self.standardise else lips * 2 - 1)
        return widened(features)


class _Stacked(nn.Module):
    """The CNN of Table II on five stacked frames.

    The table gives kernels, strides and channels; its residual blocks are read as one convolution each, which matches
    Wav2Lip's layout. Batch norm and ReLU after each convolution are not stated and are taken from the same family.
    """

    def __init__(self, dim: int, config: VisualConfig) -> None:
        super().__init__()
        c32, c64, c128, c256, c512 = (max(8, round(config.width * c)) for c in (32, 64, 128, 256, 512))
        layers = [
            _Block(3 * STACK, c32, 7, config.stem_stride, 3),
            _Block(c32, c64, 5, (1, 2), 1),
            *(_Block(c64, c64, 3, residual=True) for _ in range(2)),
            _Block(c64, c128, 3, 2),
            *(_Block(c128, c128, 3, residual=True) for _ in range(2)),
            _Block(c128, c256, 3, 2),
            _Block(c256, c256, 3, residual=True),
            _Block(c256, c512, 3, 2),
            _Block(c512, c512, 3, residual=True),
            _Block(c512, c512, 3, 2),
        ]
        if config.collapse == "convolution":
            layers.append(_Block(c512, c512, 3, (4, 1), 0))
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(c512, dim)  # Table II's last 1 x 1 convolution, on a map of 1 x 1

    def forward(self, lips: Tensor) -> Tensor:
        batch, frames = lips.shape[0], lips.shape[1] - 2 * MARGIN
        stacked = lips.unfold(1, STACK, 1)  # (B, T, 3, H, W, 5)
        stacked = stacked.permute(0, 1, 5, 2, 3, 4).flatten(2, 3).flatten(0, 1)
        maps = self.layers(stacked.contiguous(memory_format=torch.channels_last))
        features: Tensor = self.project(maps.mean(dim=(2, 3)))
        return features.view(batch, frames, self.project.out_features)


class _Shared(nn.Module):
    """A CNN on each frame and a convolution over five of its results: a picture is looked at once, not five times."""

    def __init__(self, dim: int, config: VisualConfig) -> None:
        super().__init__()
        c16, c32, c64, c128 = (max(8, round(config.width * c)) for c in (16, 32, 64, 128))
        self.layers = nn.Sequential(
            _Block(3, c16, 5, config.stem_stride, 2),
            _Block(c16, c32, 3, 2),
            _Block(c32, c32, 3, residual=True),
            _Block(c32, c64, 3, 2),
            _Block(c64, c64, 3, residual=True),
            _Block(c64, c128, 3, 2),
            _Block(c128, c128, 3, residual=True),
        )
        side = -(-config.crop_size // config.stem_stride)
        for _ in range(3):
            side = -(-side // 2)
        self.over_time = nn.Conv1d(c128 * side**2, c128, STACK, bias=False)
        self.norm = BatchNorm(c128)
        self.project = nn.Linear(c128, dim)

    def forward(self, lips: Tensor) -> Tensor:
        maps = self.layers(lips.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        frames = maps.flatten(1).view(*lips.shape[:2], self.over_time.in_channels).transpose(1, 2)
        features: Tensor = self.project(F.relu(self.norm(self.over_time(frames))).transpose(1, 2))
        return features


def _standardise(lips: Tensor) -> Tensor:
    """Zero mean and unit variance of each picture, colours together."""
    spread = lips.std(dim=(2, 3, 4), keepdim=True).clamp_min(0.02)
    return (lips - lips.mean(dim=(2, 3, 4), keepdim=True)) / spread


def resize_lips(lips: Tensor, size: int) -> Tensor:
    """Scale uint8 lip crops ``(B, T, H, W, 3)`` to float ``(B, T, 3, size, size)`` in 0 ... 1, antialiased."""
    batch, frames = lips.shape[:2]
    pictures = lips.flatten(0, 1).permute(0, 3, 1, 2).float()
    factor, rest = divmod(pictures.shape[-1], size)
    if rest == 0 and factor > 1:
        pictures = F.avg_pool2d(pictures, factor)  # ten times faster than the general way
    elif pictures.shape[-1] != size:
        pictures = F.interpolate(pictures, size=(size, size), mode="bilinear", antialias=True).clamp(0, 255)
    return pictures.div(255).view(batch, frames, 3, size, size)


def with_margin(lips: Tensor) -> Tensor:
    """Repeat the first and the last frame of whole clips ``(B, T, ...)``, so that every frame has its neighbours."""
    first = lips[:, :1].expand(-1, MARGIN, *lips.shape[2:])
    last = lips[:, -1:].expand(-1, MARGIN, *lips.shape[2:])
    return torch.cat([first, lips, last], dim=1)
