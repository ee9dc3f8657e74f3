"""Augmentation of lip crops: other faces, cameras and light than those of the corpus, and what hides a mouth."""

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from pase.checks import check_setting
from pase.draws import normal, uniform

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

_WAVES = 3
"""Half waves along a side, at most, of which the warp is made."""


@dataclass(frozen=True)
class LipAugmentConfig:
    """How far lip crops are changed; one draw for each clip, so that motion stays motion.

    Attributes:
        shift: Largest move in each direction, as a share of the crop's side.
        zoom: Largest factor on the size, either way.
        aspect: Largest factor on width against height, either way: wider and narrower mouths.
        rotation: Largest turn in radians.
        warp: Largest smooth displacement, the same in all frames, as a share of the side: other faces.
        mirror: Share of clips flipped left to right.
        light: Largest change of brightness and contrast, as a share.
        tone: Largest bend of the tone curve: ``x + tone x (1 - x)``, which is 1/4 of it in the middle, either way.
        colour: Largest change of one colour against the others, as a share.
        grey: Share of clips turned grey, which light and colour then tint.
        blur: Share of clips that are blurred.
        blur_width: Range of the blur's standard deviation, as a share of the side.
        noise: Share of clips with sensor noise.
        noise_level: Range of its standard deviation, in 0 ... 1.
        occlusion: Share of clips of which a random rectangle is hidden, half of them for some of the frames only.
        dropped: Share of clips that lack frames in a row; half of them freeze, the others turn black.
        dropped_frames: Fewest and most frames that they lack.
    """

    shift: float = 0.06
    zoom: float = 1.15
    aspect: float = 1.15
    rotation: float = 0.15
    warp: float = 0.04
    mirror: float = 0.5
    light: float = 0.4
    tone: float = 0.6
    colour: float = 0.2
    grey: float = 0.15
    blur: float = 0.2
    blur_width: tuple[float, float] = (0.008, 0.03)
    noise: float = 0.2
    noise_level: tuple[float, float] = (0.01, 0.06)
    occlusion: float = 0.15
    dropped: float = 0.1
    dropped_frames: tuple[int, int] = (1, 6)

    def __post_init__(self) -> None:
        check = partial(check_setting, "augmentation of lips", self)
        for name in ("mirror", "grey", "blur", "noise", "occlusion", "dropped"):
            check(name, 0 <= getattr(self, name) <= 1, "a share of clips from 0 to 1")
        for name in ("shift", "rotation", "warp", "light", "tone", "colour"):
            check(name, 0 <= getattr(self, name) <= 1, "0 ... 1")
        for name in ("zoom", "aspect"):
            check(name, 1 <= getattr(self, name) <= 4, "a factor from 1 to 4")
        for name, lowest in (("blur_width", 1e-4), ("noise_level", 0.0), ("dropped_frames", 1)):
            low, high = getattr(self, name)
            check(name, lowest <= low <= high, f"a rising range from {lowest:g} on")


class LipAugment(nn.Module):
    """Random change of lip crops; identity in evaluation mode."""

    def __init__(self, config: LipAugmentConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(self, lips: Tensor, generator: Generator | None = None) -> Tensor:
        """Change crops.

        Args:
            lips: Shape ``(B, T, 3, H, W)``, values in 0 ... 1.
            generator: What is drawn depends on it and on the shape alone; None takes torch's global one.
        """
        if not self.training:
            return lips
        with torch.autocast(lips.device.type, enabled=False):  # pictures are no place to round to 8 bits of mantissa
            draw = _Draw(lips, generator)
            moved = self._fade(self._move(lips, draw), draw)
            seen = self._noise(self._blur(self._light(moved, draw), draw), draw)
            return self._drop(self._occlude(seen.clamp_(0, 1), draw), draw)

    def _move(self, lips: Tensor, draw: "_Draw") -> Tensor:
        config = self.config
        zoom, aspect = config.zoom ** draw.signed(1), config.aspect ** (draw.signed(1) / 2)
        angle = draw.signed(1) * config.rotation
        mirror = torch.where(draw.share(1) < config.mirror, -1.0, 1.0)
        across, down = zoom * mirror / aspect, zoom * aspect
        rows = torch.stack([angle.cos() * across, -angle.sin() * down, angle.sin() * across, angle.cos() * down], -1)
        matrix = torch.cat([rows.view(-1, 2, 2), draw.signed(2, 1) * 2 * config.shift], -1)
        pictures = lips.flatten(1, 2)  # one grid for all frames of a clip
        grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
        moved = grid + 2 * config.warp * _smooth(draw.signed(2, _WAVES, _WAVES), *pictures.shape[2:])
        return F.grid_sample(pictures, moved, padding_mode="border", align_corners=False).view_as(lips)

    def _fade(self, lips: Tensor, draw: "_Draw") -> Tensor:
        rows = draw.rows(self.config.grey)
        luma = lips.new_tensor(_LUMA).view(3, 1, 1)
        return lips.index_copy_(0, rows, (lips[rows] * luma).sum(2, keepdim=True).expand_as(lips[rows]))

    def _light(self, lips: Tensor, draw: "_Draw") -> Tensor:
        """Tone curve, contrast around the clip's mean, brightness and colours, in as few passes as can be."""
        config = self.config
        mean = lips[..., ::4, ::4].mean(dim=(1, 2, 3, 4), keepdim=True)
        tone = draw.signed(1, 1, 1, 1) * config.tone
        contrast = 1 + draw.signed(1, 1, 1, 1) * config.light
        gain = (1 + draw.signed(1, 1, 1, 1) * config.light) * (1 + draw.signed(1, 3, 1, 1) * config.colour)
        factor = contrast * gain
        offset = (mean + tone * mean * (1 - mean)) * (gain - factor)
        slope = (lips * (-factor * tone)).add_(factor * (1 + tone))
        return slope.mul_(lips).add_(offset)

    def _blur(self, lips: Tensor, draw: "_Draw") -> Tensor:
        rows = draw.rows(self.config.blur)
        low, high = self.config.blur_width
        width = low + uniform(draw.generator, lips.device, len(rows), 1, 1) * (high - low)
        down, across = (_blurring(width * side, side).mT for side in lips.shape[-2:])
        sharp = lips[rows]
        blurred = (sharp.flatten(1, 3) @ across).view_as(sharp).mT  # (R, T * 3 * H, W): one product for each clip
        blurred = (blurred.flatten(1, 3) @ down).view_as(blurred).mT
        return lips.index_copy_(0, rows, blurred)

    def _noise(self, lips: Tensor, draw: "_Draw") -> Tensor:
        rows = draw.rows(self.config.noise)
        low, high = self.config.noise_level
        level = low + uniform(draw.generator, lips.device, len(rows), 1, 1, 1, 1) * (high - low)
        noise = normal(draw.generator, lips.device, len(rows), *lips.shape[1:])
        return lips.index_add_(0, rows, noise.mul_(level))

    def _occlude(self, lips: Tensor, draw: "_Draw") -> Tensor:
        """Hide a rectangle of a tenth to half of each side under a plain colour."""
        side = []
        for size in lips.shape[-2:]:
            along, length = torch.arange(size, device=lips.device) + 0.5, (0.1 + 0.4 * draw.share(1)) * size
            first = draw.share(1) * (size - length)
            side.append((along >= first) & (along <= first + length.clamp_min(1)))
        steps = torch.arange(lips.shape[1], device=lips.device)
        first, last = (draw.share(2) * lips.shape[1]).sort(1).values.unbind(1)
        sometimes = (steps >= first[:, None].floor()) & (steps <= last[:, None])
        when = (sometimes | (draw.share(1) < 0.5)) & (draw.share(1) < self.config.occlusion)
        hidden = side[0][:, None, :, None] & side[1][:, None, None, :] & when[:, :, None, None]
        colour = draw.share(1, 3, 1, 1)
        rows = when.any(1).nonzero()[:, 0]
        return lips.index_copy_(0, rows, torch.where(hidden[rows, :, None], colour[rows], lips[rows]))

    def _drop(self, lips: Tensor, draw: "_Draw") -> Tensor:
        rows = draw.rows(self.config.dropped)
        frames = lips.shape[1]
        fewest, most = self.config.dropped_frames
        start, length, kind = uniform(draw.generator, lips.device, 3, len(rows), 1)
        start, length = (start * frames).long(), (fewest + length * (most + 1 - fewest)).long()
        steps = torch.arange(frames, device=lips.device)
        lost = (steps >= start) & (steps < start + length)
        shown = torch.where(lost, (start - 1).clamp(min=0), steps)
        frozen = lips[rows[:, None], shown]
        return lips.index_copy_(0, rows, frozen.masked_fill_((lost & (kind < 0.5))[:, :, None, None, None], 0.0))


@dataclass(frozen=True)
class _Draw:
    """Random numbers for each clip of a batch."""

    lips: Tensor
    generator: Generator | None

    def share(self, *shape: int) -> Tensor:
        """Uniform in 0 ... 1, shape ``(B, *shape)``."""
        return uniform(self.generator, self.lips.device, len(self.lips), *shape)

    def signed(self, *shape: int) -> Tensor:
        """Uniform in -1 ... 1, shape ``(B, *shape)``."""
        return self.share(*shape) * 2 - 1

    def rows(self, share: float) -> Tensor:
        """Numbers of the clips that a change of this share falls to."""
        return (self.share() < share).nonzero()[:, 0]


def _smooth(weights: Tensor, height: int, width: int) -> Tensor:
    """Sums of cosines that stay within -1 ... 1: weights ``(B, 2, waves, waves)`` to ``(B, height, width, 2)``."""
    number = torch.arange(1, weights.shape[-1] + 1, device=weights.device)[:, None]
    down, across = (
        torch.cos(torch.pi * number * (torch.arange(size, device=weights.device) + 0.5) / size) / number
        for size in (height, width)
    )
    return (down.mT @ weights @ across).permute(0, 2, 3, 1) / (1 / number).sum() ** 2


def _blurring(width: Tensor, size: int) -> Tensor:
    """Matrices ``(R, size, size)`` that blur along a side of so many pixels; widths in pixels, ``(R, 1, 1)``."""
    along = torch.arange(size, device=width.device)
    weights = torch.exp(-0.5 * ((along[:, None] - along) / width) ** 2)
    return weights / weights.sum(-1, keepdim=True)
