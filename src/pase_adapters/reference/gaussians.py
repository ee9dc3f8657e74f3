"""reference-3dgs: a mouth of Gaussians, deformed by what is heard, as GaussianTalker does it.

Gaussians stand in canonical space. Features of their places, from three planes, ask by attention how much of the audio
code concerns them, against a token that says nothing; what comes back moves, stretches, turns, fades and colours them.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase_adapters.reference.audio_net import CODE
from pase_adapters.reference.camera import rotations
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.planes import TriPlane, perceptron
from pase_adapters.reference.splatting import MAX_SIGMA, Splats, splat

_SIDE = 56
"""Gaussians along a side at the beginning, one for little more than a pixel of the smallest pictures."""

_MODEL = 64
_HEADS = 2

_REACH = 0.15
"""How far a Gaussian may be moved, in half crop sides."""


class ReferenceGaussians(ReferenceRenderer):
    """See the module; arguments as `ReferenceRenderer`."""

    patches = True

    def __init__(self, width: int, size: int, mean: Tensor) -> None:
        super().__init__(width, size, mean)
        along = (torch.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
        y, x = torch.meshgrid(along, along, indexing="ij")
        count = _SIDE**2
        self.middles = nn.Parameter(torch.stack([x.flatten(), y.flatten(), 0.02 * torch.randn(count)], dim=1))
        self.sizes = nn.Parameter(torch.full((count, 3), math.log(1.2 / _SIDE)))
        turns = torch.zeros(count, 4)
        turns[:, 0] = 1
        self.turns = nn.Parameter(turns)
        self.opacities = nn.Parameter(torch.full((count,), 1.5))
        start = F.interpolate(mean.permute(2, 0, 1)[None], (_SIDE, _SIDE), mode="area")[0].flatten(1).T
        self.colours = nn.Parameter(start.clamp(0.02, 0.98).logit())
        self.space = TriPlane(resolution=32, channels=8)
        self.ask = nn.Linear(self.space.width, _MODEL)
        self.tell = nn.Linear(CODE, _MODEL)
        self.silence = nn.Parameter(torch.randn(2, _MODEL) * 0.1)  # key and value
        self.value = nn.Linear(_MODEL, _MODEL)
        last = nn.Linear(_MODEL, 14)
        nn.init.normal_(last.weight, std=1e-2)  # at first nothing moves
        nn.init.zeros_(last.bias)
        self.deform = nn.Sequential(perceptron(self.space.width + _MODEL, _MODEL, _MODEL), nn.ReLU(), last)

    def draw(self, codes: Tensor, poses: Tensor, pixels: Tensor | None = None) -> Tensor:
        """See `ReferenceRenderer`."""
        return splat(self._seen(codes, poses), self.mean, pixels)

    def rates(self) -> list[dict[str, object]]:
        """See `ReferenceRenderer`."""
        fused = [self.ask, self.tell, self.value, self.deform]
        return [
            {"params": [self.middles, self.sizes, self.turns], "lr": 2e-3},
            {"params": [self.opacities, self.colours], "lr": 1e-2},
            {"params": self.space.parameters(), "lr": 1e-2},
            {"params": [self.silence, *(weight for part in fused for weight in part.parameters())], "lr": 2e-3},
            {"params": self.audio.parameters(), "lr": 2e-3},
        ]

    def _seen(self, codes: Tensor, poses: Tensor) -> Splats:
        changed = self._changes(codes)
        middles = self.middles + _REACH * changed[..., :3].tanh()
        sizes = (self.sizes + changed[..., 3:6]).exp()
        turns = F.normalize(self.turns + changed[..., 6:10], dim=2)
        camera = rotations(poses)
        placed = middles @ camera.transpose(1, 2)
        axes = camera[:, None] @ (_matrices(turns) * sizes[..., None, :])
        half = self.size / 2
        spread = (axes @ axes.transpose(2, 3))[..., :2, :2] * half**2
        return Splats(
            middles=(placed[..., :2] + 1) * half,
            covariances=_limited(spread),
            depths=placed[..., 2],
            opacities=(self.opacities + changed[..., 10]).sigmoid(),
            colours=(self.colours + changed[..., 11:]).sigmoid(),
        )

    def _changes(self, codes: Tensor) -> Tensor:
        """What the sound does to each Gaussian, shape ``(B, N, 14)``."""
        space = self.space(self.middles)
        query = self.ask(space).view(-1, _HEADS, _MODEL // _HEADS)
        told = self.tell(codes)  # (B, model): the token of the sound
        split = (-1, _HEADS, _MODEL // _HEADS)
        scale = (_MODEL // _HEADS) ** -0.5
        sound = torch.einsum("nhd,bhd->bnh", query, told.view(split)) * scale
        nothing = torch.einsum("nhd,hd->nh", query, self.silence[0].view(split)[0]) * scale
        share = (sound - nothing).sigmoid()[..., None]  # a softmax over the two tokens
        values = self.value(told).view(split)[:, None], self.silence[1].view(split)[:, None]
        heard = (share * values[0] + (1 - share) * values[1]).flatten(2)
        changes: Tensor = self.deform(torch.cat([space.expand(len(codes), -1, -1), heard], dim=2))
        return changes


def _matrices(turns: Tensor) -> Tensor:
    """Rotation matrices ``(..., 3, 3)`` of unit quaternions ``(..., 4)``."""
    w, x, y, z = turns.unbind(-1)
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(rows, dim=-1).view(*turns.shape[:-1], 3, 3)


def _limited(spread: Tensor) -> Tensor:
    """Covariances ``(B, N, 3)`` of matrices ``(B, N, 2, 2)``: as thick as a pixel shows, not wider than a window."""
    xx, xy, yy = spread[..., 0, 0] + 0.1, spread[..., 0, 1], spread[..., 1, 1] + 0.1
    widest = (xx + yy) / 2 + (((xx - yy) / 2) ** 2 + xy**2 + 1e-12).sqrt()
    shrink = (MAX_SIGMA**2 / widest).clamp(max=1)
    return torch.stack([xx * shrink, xy * shrink, yy * shrink], dim=-1)
