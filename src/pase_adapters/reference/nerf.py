"""reference-nerf: a small neural radiance field of the mouth, driven as ER-NeRF drives its head.

Three planes of features describe space; a network on them weighs each channel of the audio code for each point
(region-aware attention), so that a point on the chin hears something else than one on the lip; density and colour
follow from both. Rays are parallel, in a slab around the mouth.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pase_adapters.reference.audio_net import CODE
from pase_adapters.reference.camera import rotations
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.planes import TriPlane, perceptron

_DEPTH = 0.5
"""Half the thickness of the slab, in half crop sides."""

_SAMPLES = 8
"""Points along a ray."""

_TOGETHER = 1024
"""Rays that are drawn at once: what is known of their points then stays in a CPU's cache."""

_DENSITY = 10
"""Per half crop side, of a point that the network gives no opinion of: light comes from some tenth of it."""


class ReferenceNerf(ReferenceRenderer):
    """See the module; arguments as `ReferenceRenderer`."""

    def __init__(self, width: int, size: int, mean: Tensor) -> None:
        super().__init__(width, size, mean)
        self.space = TriPlane(resolution=size, channels=12)
        self.attention = perceptron(self.space.width, CODE, CODE)
        self.field = perceptron(self.space.width + CODE, 64, 64, 4)

    def draw(self, codes: Tensor, poses: Tensor, pixels: Tensor | None = None) -> Tensor:
        """See `ReferenceRenderer`."""
        batch = len(codes)
        if pixels is None:
            pixels = torch.arange(len(self.pixels), device=codes.device).expand(batch, -1)
        parts = torch.split(pixels, max(1, _TOGETHER // batch), dim=1)
        return torch.cat([self._cast(codes, poses, part) for part in parts], dim=1)

    def _cast(self, codes: Tensor, poses: Tensor, pixels: Tensor) -> Tensor:
        depths = self._depths(pixels.shape)
        seen = torch.cat([self.pixels[pixels][:, :, None].expand(-1, -1, _SAMPLES, -1), depths[..., None]], dim=3)
        # Rotations are orthogonal: what carries the head into the camera carries it back from the right.
        points = seen.flatten(1, 2) @ rotations(poses)
        space = self.space(points.flatten(0, 1))
        heard = codes[:, None].expand(-1, points.shape[1], -1).flatten(0, 1) * self.attention(space).sigmoid()
        found = self.field(torch.cat([space, heard], dim=1)).view(*depths.shape, 4)
        colours = (found[..., 1:] + self._mean_at(points[..., :2]).view(*depths.shape, 3)).sigmoid()
        return _compose(found[..., 0], colours)

    def rates(self) -> list[dict[str, object]]:
        """See `ReferenceRenderer`."""
        return [
            {"params": self.space.parameters(), "lr": 1e-2},
            {"params": [*self.attention.parameters(), *self.field.parameters()], "lr": 2e-3},
            {"params": self.audio.parameters(), "lr": 2e-3},
        ]

    def _mean_at(self, places: Tensor) -> Tensor:
        """Logits of the mean picture's colours at x and y, ``(B, N, 2)`` to ``(B, N, 3)``: where colours begin."""
        picture = self.mean.clamp(0.02, 0.98).logit().permute(2, 0, 1)[None]
        found = F.grid_sample(picture, places.flatten(0, 1)[None, None], padding_mode="border", align_corners=False)
        return found[0, :, 0].T.view(*places.shape[:2], 3)

    def _depths(self, shape: torch.Size) -> Tensor:
        """Z of the points on each ray ``(B, P, samples)``: one in each of equal stretches, at random in training."""
        like = self.pixels
        within = torch.rand(*shape, _SAMPLES, device=like.device) if self.training else like.new_tensor(0.5)
        return ((torch.arange(_SAMPLES, device=like.device) + within) / _SAMPLES * 2 - 1).expand(
            *shape, _SAMPLES
        ) * _DEPTH


def _compose(density: Tensor, colours: Tensor) -> Tensor:
    """Volume rendering from front to back: densities ``(B, P, S)``, colours with a last axis of 3.

    What light is left behind the last point is that point's: the slab is the head, nothing is seen through it.
    """
    length = 2 * _DEPTH / _SAMPLES
    passed = F.softplus(density) * _DENSITY * length  # optical depth
    before = passed.cumsum(2) - passed
    weights = (-before).exp() * (1 - (-passed).exp())
    left = 1 - weights.sum(2, keepdim=True)
    return (weights[..., None] * colours).sum(2) + left * colours[:, :, -1]
