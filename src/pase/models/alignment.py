"""Phoneme-level alignment: the query A + E(p) attends to a short window of video (paper section 2.6)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.models.config import AlignmentConfig
from pase.models.ranks import own_rows, ranks
from pase.phonemes.inventory import PHONES, UNKNOWN


@dataclass(frozen=True)
class VideoWindows:
    """Keys and values of the frames around each video frame.

    Attributes:
        keys: Shape ``(B, T, W, H, d)``: W frames of the window, H heads of width d.
        values: Shape ``(B, T, W, H, d)``.
        inside: True where the window lies in the clip, shape ``(T, W)``.
    """

    keys: Tensor
    values: Tensor
    inside: Tensor

    def at(self, frames: Tensor) -> "VideoWindows":
        """The windows around other frames, numbers of shape ``(T',)``."""
        return VideoWindows(self.keys[:, frames], self.values[:, frames], self.inside[frames])


class PhonemeAlignment(nn.Module):
    """Phoneme embeddings as anchors and cross-attention over neighbouring video frames.

    There is no residual from the query to the output: with one, the fused feature would contain the audio feature that
    it is compared with, and the contrastive task would be solved without looking. For the same reason a comparison of
    an audio step with many video steps uses the *audio step's own* query for all of them (`compare`): if each candidate
    were fused by its own query, the attention weights would carry the sound of the candidate's time into the feature.
    """

    def __init__(self, dim: int, config: AlignmentConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.reach = config.reach
        self.phone_dropout = config.phone_dropout
        self.embedding: nn.Embedding | None = None
        if config.anchors:
            self.embedding = nn.Embedding(len(PHONES) + 1, dim)  # the last one stands for "not known"
            nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.to_query = nn.Linear(dim, dim)
        self.to_key = nn.Linear(dim, dim)
        self.to_value = nn.Linear(dim, dim)
        self.to_output = nn.Linear(dim, dim, bias=False)
        # Attention does not know where in the window a frame lies: this tells it, and begins at the window's middle.
        distance = torch.arange(-config.reach, config.reach + 1).abs()
        self.position = nn.Parameter(-distance.to(torch.get_default_dtype()).expand(config.heads, -1).clone())

    def query(self, audio: Tensor, phones: Tensor | None) -> Tensor:
        """The query ``A + E(p)``; A alone without anchors.

        Args:
            audio: Shape ``(B, T, D)``.
            phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known; None when none is.

        Returns:
            Shape ``(B, T, D)``.
        """
        if self.embedding is None:
            return audio
        unknown = len(PHONES)
        if phones is None:
            phones = torch.full(audio.shape[:2], UNKNOWN, device=audio.device)
        if self.training and self.phone_dropout > 0:
            hidden = own_rows(torch.rand(ranks() * len(phones), 1, device=phones.device)) < self.phone_dropout
            phones = phones.masked_fill(hidden, UNKNOWN)
        embedded: Tensor = self.embedding(torch.where(phones == UNKNOWN, unknown, phones))
        return audio + embedded

    def windows(self, video: Tensor) -> VideoWindows:
        """Keys and values of the frames within `reach` of each frame of ``(B, T, D)``."""
        steps = torch.arange(video.shape[1], device=video.device)
        around = steps[:, None] + torch.arange(-self.reach, self.reach + 1, device=video.device)
        inside = (around >= 0) & (around < len(steps))
        index = around.clamp(0, len(steps) - 1)
        keys, values = (self._split(projection(video))[:, index] for projection in (self.to_key, self.to_value))
        return VideoWindows(keys, values, inside)

    def fuse(self, query: Tensor, windows: VideoWindows) -> Tensor:
        """Fused features: each query attends to the window of its own step.

        Args:
            query: Shape ``(B, T, D)``.
            windows: Of T steps.

        Returns:
            Shape ``(B, T, D)``.
        """
        queries = self._split(self.to_query(query))
        scores = torch.einsum("bthd,btwhd->bthw", queries, windows.keys) * queries.shape[-1] ** -0.5 + self.position
        weights = scores.masked_fill(~windows.inside[:, None], -torch.inf).softmax(-1)
        fused: Tensor = self.to_output(torch.einsum("bthw,btwhd->bthd", weights, windows.values).flatten(2))
        return fused

    def compare(self, audio: Tensor, query: Tensor, windows: VideoWindows) -> Tensor:
        """Cosine similarity of every audio step with what its query finds in every window.

        The fused features of all pairs are not formed: with U the H W output vectors of a window and a the attention
        weights, ``fused = a U``, so ``A . fused = a (U A)`` and ``|fused|^2 = a (U U^T) a^T``.

        Args:
            audio: A, shape ``(N, D)``.
            query: A + E(p), shape ``(N, D)``.
            windows: Of B clips and T steps.

        Returns:
            Shape ``(N, B T)``.
        """
        inside = windows.inside.repeat(len(windows.keys), 1)  # (M, W), M = B T
        keys, values = windows.keys.flatten(0, 1), windows.values.flatten(0, 1)  # (M, W, H, d)
        queries = self._split(self.to_query(query))
        scores = torch.einsum("nhd,mwhd->nmhw", queries, keys) * queries.shape[-1] ** -0.5 + self.position
        weights = scores.masked_fill(~inside[:, None], -torch.inf).softmax(-1).flatten(2)  # (N, M, H W)
        output = self.to_output.weight.view(-1, self.heads, values.shape[-1])  # (D, H, d)
        vectors = torch.einsum("mwhd,ehd->mhwe", values, output).flatten(1, 2)  # U, (M, H W, D)
        product = torch.einsum("nmp,mpn->nm", weights, vectors @ F.normalize(audio, dim=-1).T)
        gram = vectors @ vectors.transpose(1, 2)
        length = torch.einsum("mnp,mnp->nm", weights.transpose(0, 1) @ gram, weights.transpose(0, 1))
        return product / length.clamp_min(1e-12).sqrt()

    def _split(self, features: Tensor) -> Tensor:
        return features.reshape(*features.shape[:-1], self.heads, features.shape[-1] // self.heads)
