"""The PASE network: audio and visual encoders, phoneme-level alignment, reconstruction."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.audio.stft import N_BINS
from pase.models.alignment import PhonemeAlignment
from pase.models.audio_encoder import AudioEncoder, AudioStates, at_frames
from pase.models.config import ModelConfig
from pase.models.reconstruction import Masks, Reconstruction, draw_masks
from pase.models.visual_encoder import MARGIN, VisualEncoder

THUMBNAIL = 16
"""Side in pixels of the grey picture that masked lip steps are predicted as, where the target is the input."""

BOUND = 8.0
"""Exported features lie within this many standard deviations."""


@dataclass(frozen=True)
class Encoded:
    """Both modalities of some frames.

    Attributes:
        audio: A, shape ``(B, T, D)``.
        video: V, shape ``(B, T, D)``.
        query: A + E(p), shape ``(B, T, D)``.
        spectra: Mean normalised log spectrum of each frame, shape ``(B, T, 257)``.
        thumbnails: Small grey lip pictures, shape ``(B, T, 256)``.
    """

    audio: Tensor
    video: Tensor
    query: Tensor
    spectra: Tensor
    thumbnails: Tensor


class FeatureScale(nn.Module):
    """From the encoder's states to the features that renderers get: silence at zero, unit variance, bounded."""

    center: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def forward(self, states: Tensor) -> Tensor:
        """Direction of each state (its length carries nothing in a cosine loss), centred, scaled, clamped."""
        directions = F.normalize(states, dim=-1) * states.shape[-1] ** 0.5
        scaled: Tensor = (directions - self.center) / self.scale
        return scaled.clamp(-BOUND, BOUND)

    @torch.no_grad()
    def fit(self, states: Tensor, silent: Tensor) -> None:
        """Set centre and scale from states of training clips.

        Args:
            states: Shape ``(N, D)``.
            silent: True where no speech is, shape ``(N,)``; if nowhere, the mean of all becomes the centre.
        """
        directions = F.normalize(states, dim=-1) * states.shape[-1] ** 0.5
        self.center.copy_(directions[silent].mean(0) if silent.any() else directions.mean(0))
        self.scale.copy_((directions - self.center).square().mean(0).sqrt().clamp_min(1e-3))


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
            targets = (N_BINS, THUMBNAIL**2) if of_input else (config.dim, config.dim)
            self.reconstruction = Reconstruction(config.dim, *targets, config.reconstruction)

    def forward(
        self, waveform: Tensor, lips: Tensor, phones: Tensor | None, context: int = 0, augment: nn.Module | None = None
    ) -> Encoded:
        """Encode clips or windows of clips.

        Args:
            waveform: 16 kHz, shape ``(B, S)``, beginning `context` frames before the first frame.
            lips: RGB in 0 ... 1, shape ``(B, T + 4, 3, H, W)``: two more frames before and after.
            phones: Class numbers at the frames' middles, shape ``(B, T)``, or None.
            context: Frames of sound that come before the first frame.
            augment: Augmentation of log spectra.
        """
        heard: AudioStates = self.audio(waveform, augment)
        frames = lips.shape[1] - 2 * MARGIN
        audio = at_frames(heard.states, context, frames)
        video = self.video(lips)
        query = self.alignment.query(audio, phones)
        first = 5 * context
        spectra = heard.spectra[:, first : first + 5 * frames].reshape(-1, frames, 5, N_BINS).mean(2)
        return Encoded(audio, video, query, spectra, _thumbnails(lips))

    def reconstruction_loss(self, encoded: Encoded) -> Tensor:
        """Mean squared error of masked steps, both modalities added (paper section 2.5)."""
        if self.reconstruction is None:
            return encoded.audio.new_zeros(())
        config = self.reconstruction.config
        batch, steps = encoded.audio.shape[:2]
        masks: Masks = draw_masks(batch, steps, config, encoded.audio.device)
        audio, video = self.reconstruction(encoded.audio, encoded.video, masks)
        if config.target == "input":
            targets = encoded.spectra, encoded.thumbnails
        else:
            targets = _standardise(encoded.audio), _standardise(encoded.video)
        return _masked_error(audio, targets[0].detach(), masks.audio) + _masked_error(
            video, targets[1].detach(), masks.video
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


def _standardise(features: Tensor) -> Tensor:
    """Zero mean and unit variance of each feature over the batch, so that the target cannot be shrunk."""
    flat = features.flatten(0, 1)
    return (features - flat.mean(0)) / flat.std(0).clamp_min(1e-3)


def _masked_error(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    error = (prediction - target).square().mean(-1)
    return (error * mask).sum() / mask.sum().clamp_min(1)


def _thumbnails(lips: Tensor) -> Tensor:
    """Grey pictures of the middle frames, each with zero mean and unit variance, shape ``(B, T, 256)``."""
    grey = lips[:, MARGIN : lips.shape[1] - MARGIN].mean(2)
    small = F.adaptive_avg_pool2d(grey, THUMBNAIL).flatten(2)
    return (small - small.mean(-1, keepdim=True)) / small.std(-1, keepdim=True).clamp_min(1e-3)
