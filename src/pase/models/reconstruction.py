"""Prediction and reconstruction of masked steps from both modalities (paper section 2.5)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pase.models.config import ReconstructionConfig


@dataclass(frozen=True)
class Masks:
    """True where a step is hidden, shape ``(B, T)`` each."""

    audio: Tensor
    video: Tensor


def draw_masks(batch: int, steps: int, config: ReconstructionConfig, device: torch.device) -> Masks:
    """Independent random masks over time; in a share of clips one whole modality is hidden, never both."""
    audio, video = torch.rand(2, batch, steps, device=device) < config.mask_ratio
    draw = torch.rand(batch, 1, device=device)
    deaf = draw < config.absence / 2
    blind = (draw >= config.absence / 2) & (draw < config.absence)
    return Masks((audio | deaf) & ~blind, (video | blind) & ~deaf)


class Reconstruction(nn.Module):
    """Learnable vectors stand for masked steps; a transformer over both modalities predicts what was there.

    The paper leaves the network open. Tokens of both modalities are put side by side, so that a masked lip step can be
    predicted from the sound of the same time and from its neighbours, and the reverse.
    """

    def __init__(self, dim: int, audio_target: int, video_target: int, config: ReconstructionConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden_step = nn.Parameter(torch.randn(2, dim) * dim**-0.5)
        self.modality = nn.Parameter(torch.randn(2, dim) * dim**-0.5)
        layer = nn.TransformerEncoderLayer(dim, config.heads, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.network = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.audio_head = nn.Linear(dim, audio_target)
        self.video_head = nn.Linear(dim, video_target)

    def forward(self, audio: Tensor, video: Tensor, masks: Masks) -> tuple[Tensor, Tensor]:
        """Predict every step.

        Args:
            audio: Features, shape ``(B, T, D)``.
            video: Features, shape ``(B, T, D)``.
            masks: Steps to hide.

        Returns:
            Predictions of the audio target ``(B, T, audio_target)`` and of the video target ``(B, T, video_target)``.
        """
        steps = audio.shape[1]
        position = _positions(steps, audio.shape[2], audio.device)
        heard = torch.where(masks.audio[..., None], self.hidden_step[0], audio) + self.modality[0] + position
        seen = torch.where(masks.video[..., None], self.hidden_step[1], video) + self.modality[1] + position
        tokens = self.network(torch.cat([heard, seen], dim=1))
        return self.audio_head(tokens[:, :steps]), self.video_head(tokens[:, steps:])


def _positions(steps: int, dim: int, device: torch.device) -> Tensor:
    """Sinusoidal position codes, shape ``(steps, dim)``."""
    rates = torch.exp(torch.arange(0, dim, 2, device=device) * (-math.log(1000.0) / dim))
    angles = torch.arange(steps, device=device)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :dim]
