"""The PASE network: audio and visual encoders, phoneme-level alignment, reconstruction."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.models.alignment import PhonemeAlignment
from pase.models.audio_encoder import AudioEncoder, AudioStates, at_frames
from pase.models.config import ModelConfig
from pase.models.features import FeatureScale
from pase.models.heads import LipShapeHead, PhoneHeads
from pase.models.ranks import own_rows, ranks, share_of_mean, total
from pase.models.reconstruction import Masks, Reconstruction, draw_masks
from pase.models.visual_encoder import MARGIN, VisualEncoder

THUMBNAIL = 16
"""Side in pixels of the grey picture that masked lip steps are predicted as, where the target is the input."""


@dataclass(frozen=True)
class Encoded:
    """Both modalities of some frames.

    Attributes:
        audio: A, shape ``(B, T, D)``.
        video: V, shape ``(B, T, D)``.
        query: A + E(p), shape ``(B, T, D)``.
        spectra: Mean normalised log spectrum of each frame, shape ``(B, T, bins)``.
        thumbnails: Small grey lip pictures, shape ``(B, T, 256)``.
        heard: True for clips with sound, shape ``(B,)``; what is said of the sound of others means nothing.
        seen: True for clips with a face, shape ``(B,)``; V of others is zero.
    """

    audio: Tensor
    video: Tensor
    query: Tensor
    spectra: Tensor
    thumbnails: Tensor
    heard: Tensor
    seen: Tensor


class PaseModel(nn.Module):
    """PASE for training and evaluation; `pase.PASE` is the audio half of it, for use."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.audio = AudioEncoder(config.dim, config.audio)
        self.features = FeatureScale(config.dim)
        self.video = VisualEncoder(config.dim, config.visual)
        self.alignment = PhonemeAlignment(config.dim, config.alignment)
        self.reconstruction: Reconstruction | None = None
        if config.reconstruction is not None:
            of_input = config.reconstruction.target == "input"
            targets = (self.audio.front.bins, THUMBNAIL**2) if of_input else (config.dim, config.dim)
            self.reconstruction = Reconstruction(config.dim, *targets, config.reconstruction)
        self.phone_heads = PhoneHeads(config.dim) if config.phone_heads else None
        self.lip_shape_head = LipShapeHead(config.dim) if config.lip_shape_head else None

    def forward(
        self,
        waveform: Tensor,
        lips: Tensor,
        phones: Tensor | None,
        context: int = 0,
        heard: Tensor | None = None,
        seen: Tensor | None = None,
        augment: Callable[[Tensor], Tensor] | None = None,
    ) -> Encoded:
        """Encode clips or windows of clips.

        Args:
            waveform: 16 kHz, shape ``(B, S)``, beginning `context` frames before the first frame.
            lips: RGB in 0 ... 1, shape ``(S, T + 4, 3, H, W)``: two more frames before and after; of the S clips that
                are seen only.
            phones: Class numbers at the frames' middles, shape ``(B, T)``, or None.
            context: Frames of sound that come before the first frame.
            heard: True for clips with sound, shape ``(B,)``; None: all.
            seen: True for clips with a face, shape ``(B,)``; None: all.
            augment: Augmentation of log spectra.
        """
        everything = torch.ones(len(waveform), dtype=torch.bool, device=waveform.device)
        heard, seen = everything if heard is None else heard, everything if seen is None else seen
        frames = lips.shape[1] - 2 * MARGIN
        states, spectra = self._hear(waveform, heard, augment)
        audio = at_frames(states, context, frames, self.audio.rate)
        first = 5 * context
        spectra = spectra[:, first : first + 5 * frames].reshape(len(audio), frames, 5, -1).mean(2)
        query = self.alignment.query(audio, phones)
        video, thumbnails = (_spread(some, seen) for some in self._see(lips))
        return Encoded(audio, video, query, spectra, thumbnails, heard, seen)

    def _hear(
        self, waveform: Tensor, heard: Tensor, augment: Callable[[Tensor], Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """States and spectra; those of clips without sound are zero, and no statistics are taken of them."""
        some: AudioStates = self.audio(waveform[heard], augment)
        return _spread(some.states, heard), _spread(some.spectra, heard)

    def _see(self, lips: Tensor) -> tuple[Tensor, Tensor]:
        """V and thumbnails of the clips that are seen, if any is."""
        frames = lips.shape[1] - 2 * MARGIN
        if not len(lips):
            # Other ranks may have lips: their batch norms wait for this rank's part, which is nothing.
            features = self.video(lips) if ranks() > 1 else lips.new_zeros(0, frames, self.config.dim)
            return features, lips.new_zeros(0, frames, THUMBNAIL**2)
        return self.video(lips), _thumbnails(lips)

    def reconstruction_loss(self, encoded: Encoded) -> Tensor:
        """Mean squared error of masked steps, both modalities added (paper section 2.5)."""
        if self.reconstruction is None:
            return encoded.audio.new_zeros(())
        config = self.reconstruction.config
        batch, steps = encoded.audio.shape[:2]
        drawn: Masks = draw_masks(ranks() * batch, steps, config, encoded.audio.device)
        masks = Masks(own_rows(drawn.audio) | ~encoded.heard[:, None], own_rows(drawn.video) | ~encoded.seen[:, None])
        audio, video = self.reconstruction(encoded.audio, encoded.video, masks)
        if config.target == "input":
            targets = encoded.spectra, encoded.thumbnails
        else:
            targets = _standardise(encoded.audio, encoded.heard), _standardise(encoded.video, encoded.seen)
        return _masked_error(audio, targets[0].detach(), masks.audio & encoded.heard[:, None]) + _masked_error(
            video, targets[1].detach(), masks.video & encoded.seen[:, None]
        )

    @torch.no_grad()
    def sync_similarity(self, audio: Tensor, video: Tensor, shifts: range) -> Tensor:
        """Cosine similarity of audio with the fused feature of shifted video; phones are taken as unknown.

        Args:
            audio: A of one clip, shape ``(T, D)``.
            video: V of the clip, shape ``(T, D)``.
            shifts: Frames by which the video is moved: the audio of frame *i* meets the video of frame ``i + shift``.

        Returns:
            Shape ``(T, len(shifts))``, NaN where ``i + shift`` lies outside the clip.
        """
        query = self.alignment.query(audio[None], None)
        windows = self.alignment.windows(video[None])
        steps = torch.arange(len(audio), device=audio.device)
        columns = []
        for shift in shifts:
            fused = self.alignment.fuse(query, windows.at((steps + shift).clamp(0, len(steps) - 1)))[0]
            outside = (steps + shift < 0) | (steps + shift >= len(steps))
            columns.append(F.cosine_similarity(audio, fused, dim=-1).masked_fill(outside, torch.nan))
        return torch.stack(columns, dim=1)


def _spread(some: Tensor, chosen: Tensor) -> Tensor:
    """Rows of the chosen clips among zeros for the others."""
    if chosen.all():
        return some
    everything = some.new_zeros(len(chosen), *some.shape[1:])
    everything[chosen] = some
    return everything


@torch.no_grad()
def _standardise(features: Tensor, present: Tensor) -> Tensor:
    """Zero mean and unit variance of each feature over the clips that have it, so that the target cannot be shrunk."""
    flat = features[present].flatten(0, 1)
    count = total(features.new_tensor(len(flat))).clamp_min(1)
    mean = total(flat.sum(0)) / count
    spread = (total((flat - mean).square().sum(0)) / count).sqrt()
    return (features - mean) / spread.clamp_min(1e-3)


def _masked_error(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    error = (prediction - target).square().mean(-1)
    return share_of_mean((error * mask).sum(), mask.sum())


def _thumbnails(lips: Tensor) -> Tensor:
    """Grey pictures of the middle frames, each with zero mean and unit variance, shape ``(B, T, 256)``."""
    grey = lips[:, MARGIN : lips.shape[1] - MARGIN].mean(2)
    small = F.adaptive_avg_pool2d(grey, THUMBNAIL).flatten(2)
    return (small - small.mean(-1, keepdim=True)) / small.std(-1, keepdim=True, correction=0).clamp_min(1e-3)
