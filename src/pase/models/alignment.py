"""Phoneme-level alignment: the query A + E(p) attends to the video (paper section 2.6)."""

import torch
from torch import Tensor, nn

from pase.models.config import AlignmentConfig
from pase.phonemes.inventory import PHONES, UNKNOWN


class PhonemeAlignment(nn.Module):
    """Phoneme embeddings as anchors and cross-attention over neighbouring video frames.

    There is no residual from the query to the output: with one, the fused feature would contain the audio feature that
    it is compared with, and the contrastive task would be solved without looking.
    """

    def __init__(self, dim: int, config: AlignmentConfig) -> None:
        super().__init__()
        self.reach = config.reach
        self.phone_dropout = config.phone_dropout
        self.embedding = nn.Embedding(len(PHONES) + 1, dim)  # the last one stands for "not known"
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.attention = nn.MultiheadAttention(dim, config.heads, batch_first=True)

    def query(self, audio: Tensor, phones: Tensor | None) -> Tensor:
        """The query ``A + E(p)``.

        Args:
            audio: Shape ``(B, T, D)``.
            phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known; None when none is.

        Returns:
            Shape ``(B, T, D)``.
        """
        unknown = len(PHONES)
        if phones is None:
            phones = torch.full(audio.shape[:2], UNKNOWN, device=audio.device)
        if self.training and self.phone_dropout > 0:
            hidden = torch.rand(len(phones), 1, device=phones.device) < self.phone_dropout
            phones = phones.masked_fill(hidden, UNKNOWN)
        embedded: Tensor = self.embedding(torch.where(phones == UNKNOWN, unknown, phones))
        return audio + embedded

    def forward(self, query: Tensor, video: Tensor) -> Tensor:
        """Fused features: each query attends to the video frames within `reach` of its own.

        Args:
            query: Shape ``(B, T, D)``.
            video: Shape ``(B, T, D)``, keys and values.

        Returns:
            Shape ``(B, T, D)``.
        """
        steps = torch.arange(query.shape[1], device=query.device)
        beyond = (steps[:, None] - steps[None, :]).abs() > self.reach
        fused: Tensor = self.attention(query, video, video, attn_mask=beyond, need_weights=False)[0]
        return fused
