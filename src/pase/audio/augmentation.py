"""Augmentation of log-magnitude spectra: other voices, rooms, microphones and noise, without a waveform in between.

The network sees magnitudes only, so pitch and vocal tract length can be changed on them directly: the spectrum is split
into its smooth envelope (formants) and its fine structure (harmonics), each is stretched along frequency by its own
factor, and both are added again.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_ENVELOPE_WIDTH = 4.0
"""Standard deviation in bins (31 Hz each) of the smoothing that parts envelope and harmonics."""

_TILT_TERMS = 4


@dataclass(frozen=True)
class SpectrumAugmentConfig:
    """How far spectra are changed; every value is drawn anew for each clip.

    Attributes:
        probability: Share of clips that are changed at all.
        formants: Largest factor on the envelope's frequencies, either way.
        pitch: Largest factor on the harmonics' frequencies, either way.
        gain_db: Largest change of level, either way.
        tilt_db: Largest smooth change of the frequency response.
        noise: Share of clips with stationary noise.
        noise_db: Range of the noise under the clip's loudest frames.
        band_masks: Bands of up to 24 bins hidden in each clip.
    """

    probability: float = 0.9
    formants: float = 1.25
    pitch: float = 2.0
    gain_db: float = 12.0
    tilt_db: float = 8.0
    noise: float = 0.5
    noise_db: tuple[float, float] = (5.0, 45.0)
    band_masks: int = 1


class SpectrumAugment(nn.Module):
    """Random change of log spectra; identity in evaluation mode."""

    kernel: Tensor

    def __init__(self, config: SpectrumAugmentConfig) -> None:
        super().__init__()
        self.config = config
        reach = math.ceil(3 * _ENVELOPE_WIDTH)
        bins = torch.arange(-reach, reach + 1)
        kernel = torch.exp(-0.5 * (bins / _ENVELOPE_WIDTH) ** 2)
        self.register_buffer("kernel", (kernel / kernel.sum()).view(1, 1, -1), persistent=False)

    def forward(self, spectra: Tensor) -> Tensor:
        """Change log magnitudes of shape ``(B, N, 257)``."""
        if not self.training:
            return spectra
        changed = self._voice(spectra)
        changed = self._noise(changed + self._response(spectra))
        changed = self._hide_bands(changed)
        chosen = _draw(spectra) < self.config.probability
        return torch.where(chosen, changed, spectra)

    def _voice(self, spectra: Tensor) -> Tensor:
        reach = self.kernel.shape[-1] // 2
        flat = spectra.flatten(0, 1)[:, None]
        envelope = F.conv1d(F.pad(flat, (reach, reach), mode="replicate"), self.kernel).view_as(spectra)
        fine = spectra - envelope
        voicing = _draw(spectra) * 1.2  # down to a whisper without harmonics
        return _stretch(envelope, _factor(spectra, self.config.formants)) + voicing * _stretch(
            fine, _factor(spectra, self.config.pitch)
        )

    def _response(self, spectra: Tensor) -> Tensor:
        """Gain and a smooth frequency response, natural logarithm, shape ``(B, 1, 257)``."""
        per_db = math.log(10) / 20
        frequency = torch.linspace(0, math.pi, spectra.shape[-1], device=spectra.device)
        terms = torch.arange(1, _TILT_TERMS + 1, device=spectra.device)
        waves = torch.cos(terms[:, None] * frequency)  # (terms, 257)
        weights = (torch.rand(len(spectra), 1, _TILT_TERMS, device=spectra.device) * 2 - 1) / terms
        gain = (_draw(spectra) * 2 - 1) * self.config.gain_db
        return (weights @ waves * self.config.tilt_db + gain) * per_db

    def _noise(self, spectra: Tensor) -> Tensor:
        """Noise of random colour; magnitudes add, which is right within 3 dB whatever the phases."""
        low, high = self.config.noise_db
        loudest = spectra.mean(-1, keepdim=True).amax(1, keepdim=True)
        level = loudest - (low + _draw(spectra) * (high - low)) * math.log(10) / 20
        rayleigh = torch.log((-2 * torch.log(torch.rand_like(spectra).clamp_min(1e-6))).sqrt() / 1.25)
        noise = level + rayleigh + self._response(spectra) * 0.5
        noisy = torch.logaddexp(spectra, noise)
        return torch.where(_draw(spectra) < self.config.noise, noisy, spectra)

    def _hide_bands(self, spectra: Tensor) -> Tensor:
        bins = torch.arange(spectra.shape[-1], device=spectra.device)
        for _ in range(self.config.band_masks):
            first = _draw(spectra) * spectra.shape[-1]
            width = _draw(spectra) * 24
            hidden = (bins >= first) & (bins < first + width)
            spectra = torch.where(hidden, spectra.mean(dim=(1, 2), keepdim=True), spectra)
        return spectra


def _draw(spectra: Tensor) -> Tensor:
    """One uniform number for each clip, shape ``(B, 1, 1)``."""
    return torch.rand(len(spectra), 1, 1, device=spectra.device)


def _factor(spectra: Tensor, largest: float) -> Tensor:
    """Log-uniform in ``1 / largest ... largest``, shape ``(B, 1, 1)``."""
    return torch.exp((_draw(spectra) * 2 - 1) * math.log(largest))


def _stretch(spectra: Tensor, factor: Tensor) -> Tensor:
    """Move what stands at frequency f to ``f * factor``; beyond the top the last bin is repeated."""
    bins = spectra.shape[-1]
    source = (torch.arange(bins, device=spectra.device) / factor).clamp(max=bins - 1)  # (B, 1, bins)
    left = source.long().clamp(max=bins - 2)
    weight = source - left
    index = left.expand_as(spectra)
    return torch.lerp(spectra.gather(2, index), spectra.gather(2, index + 1), weight.expand_as(spectra))
