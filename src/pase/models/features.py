"""From the encoder's states to the features that renderers get."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.errors import InputError

BOUND = 8.0
"""Exported features lie within this many standard deviations."""


class FeatureScale(nn.Module):
    """Silence at zero, unit variance, bounded; and narrower, for renderers with a fixed width.

    The narrow features are the first principal components, so those of 29 are the first 29 of those of 44.
    """

    center: Tensor
    scale: Tensor
    components: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))
        self.register_buffer("components", torch.eye(dim))

    def forward(self, states: Tensor, width: int | None = None) -> Tensor:
        """Direction of each state, centred, scaled, clamped.

        Args:
            states: Shape ``(..., D)``.
            width: Features wanted; None: all D as they are.

        Returns:
            Shape ``(..., width)``.
        """
        scaled = self._scaled(states)
        if width is not None:
            scaled = scaled @ self.components[:, : self.checked(width)]
        return scaled.clamp(-BOUND, BOUND)

    def checked(self, width: int) -> int:
        """A width that can be had.

        Raises:
            InputError: It is not within 1 ... D.
        """
        if not 1 <= width <= len(self.center):
            raise InputError(f"features of width {width} were asked for; this encoder gives 1 ... {len(self.center)}")
        return width

    @torch.no_grad()
    def fit(self, states: Tensor, silent: Tensor) -> None:
        """Set centre, scale and components from states of training clips.

        Args:
            states: Shape ``(N, D)``.
            silent: True where no speech is, shape ``(N,)``; if nowhere, the mean of all becomes the centre.
        """
        unit = directions(states)
        self.center.copy_(unit[silent].mean(0) if silent.any() else unit.mean(0))
        self.scale.copy_((unit - self.center).square().mean(0).sqrt().clamp_min(1e-3))
        self.components.copy_(_components(self._scaled(states)))

    def _scaled(self, states: Tensor) -> Tensor:
        scaled: Tensor = (directions(states) - self.center) / self.scale
        return scaled


def directions(states: Tensor) -> Tensor:
    """States without their length, which carries nothing in a cosine loss; the mean square of a state becomes 1."""
    unit: Tensor = F.normalize(states, dim=-1) * states.shape[-1] ** 0.5
    return unit


def _components(scaled: Tensor) -> Tensor:
    """Principal directions around silence as columns, each divided by the spread along it, shape ``(D, D)``."""
    moment = (scaled.T @ scaled).double() / len(scaled)
    variance, axes = torch.linalg.eigh(moment)  # rising
    variance, axes = variance.flip(0), axes.flip(1)
    sign = axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()  # the same on every machine
    components: Tensor = (axes * sign / variance.clamp_min(1e-4).sqrt()).to(scaled.dtype)
    return components
