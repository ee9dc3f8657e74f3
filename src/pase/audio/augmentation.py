"""Augmentation of log-magnitude spectra: other voices and microphones, without a waveform in between.

The network sees magnitudes only, so pitch and vocal tract length can be changed on them directly: the spectrum is split
into its smooth envelope (formants) and its fine structure (harmonics), each is stretched along frequency by its own
factor, and both are added again.
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from pase.audio.stft import N_BINS
from pase.checks import check_setting
from pase.draws import uniform

_ENVELOPE_WIDTH = 4.0
"""Standard deviation in bins (31 Hz each) of the smoothing that parts envelope and harmonics."""

_TILT_TERMS = 4

_WIDEST = 0.1
"""Widest hidden band, as a share of all bins."""


@dataclass(frozen=True)
class SpectrumAugmentConfig:
    """How far spectra are changed; every value is drawn anew for each clip.

    Attributes:
        probability: Share of clips that are changed at all.
        formants: Largest factor on the envelope's frequencies, either way.
        pitch: Largest factor on the harmonics' frequencies, either way.
        tilt_db: Largest smooth change of the frequency response.
        band_masks: Bands of up to a tenth of all bins hidden in each clip.
    """

    probability: float = 0.9
    formants: float = 1.25
    pitch: float = 2.0
    tilt_db: float = 8.0
    band_masks: int = 1

    def __post_init__(self) -> None:
        check = partial(check_setting, "augmentation of spectra", self)
        check("probability", 0 <= self.probability <= 1, "a share of clips from 0 to 1")
        for name in ("formants", "pitch"):
            check(name, 1 <= getattr(self, name) <= 4, "a factor from 1 to 4")
        check("tilt_db", 0 <= self.tilt_db <= 60, "0 ... 60 dB")
        check("band_masks", self.band_masks >= 0, "none or more")


class SpectrumAugment(nn.Module):
    """Random change of log spectra; identity in evaluation mode."""

    envelope: Tensor
    fine: Tensor

    def __init__(self, config: SpectrumAugmentConfig) -> None:
        super().__init__()
        self.config = config
        envelope = _smoothing(N_BINS)
        self.register_buffer("envelope", envelope, persistent=False)
        self.register_buffer("fine", torch.eye(N_BINS) - envelope, persistent=False)

    def forward(self, spectra: Tensor, generator: Generator | None = None) -> Tensor:
        """Change log magnitudes.

        Args:
            spectra: Shape ``(B, N, 257)``.
            generator: What is drawn depends on it and on the shape alone; None takes torch's global one.
        """
        if not self.training:
            return spectra
        changed = self._voice(spectra, generator) + self._response(spectra, generator)
        changed = self._hide_bands(changed, generator)
        chosen = _draw(spectra, generator) < self.config.probability
        return torch.where(chosen, changed, spectra)

    def _voice(self, spectra: Tensor, generator: Generator | None) -> Tensor:
        """Envelope and fine structure, each stretched for itself: all of it is one matrix for each clip."""
        voicing = _draw(spectra, generator) * 1.2  # down to a whisper without harmonics
        formants = _factor(spectra, generator, self.config.formants)
        pitch = _factor(spectra, generator, self.config.pitch)
        return spectra @ (_stretched(self.envelope, formants) + voicing * _stretched(self.fine, pitch))

    def _response(self, spectra: Tensor, generator: Generator | None) -> Tensor:
        """A smooth frequency response, natural logarithm, shape ``(B, 1, 257)``."""
        per_db = math.log(10) / 20
        frequency = torch.linspace(0, math.pi, spectra.shape[-1], device=spectra.device)
        terms = torch.arange(1, _TILT_TERMS + 1, device=spectra.device)
        waves = torch.cos(terms[:, None] * frequency)  # (terms, 257)
        weights = uniform(generator, spectra.device, len(spectra), 1, _TILT_TERMS, low=-1) / terms
        return weights @ waves * self.config.tilt_db * per_db

    def _hide_bands(self, spectra: Tensor, generator: Generator | None) -> Tensor:
        count = spectra.shape[-1]
        bins = torch.arange(count, device=spectra.device)
        for _ in range(self.config.band_masks):
            first = _draw(spectra, generator) * count
            width = _draw(spectra, generator) * count * _WIDEST
            hidden = (bins >= first) & (bins < first + width)
            spectra = torch.where(hidden, spectra.mean(dim=(1, 2), keepdim=True), spectra)
        return spectra


def _draw(spectra: Tensor, generator: Generator | None) -> Tensor:
    """One uniform number for each clip, shape ``(B, 1, 1)``."""
    return uniform(generator, spectra.device, len(spectra), 1, 1)


def _factor(spectra: Tensor, generator: Generator | None, largest: float) -> Tensor:
    """Log-uniform in ``1 / largest ... largest``, shape ``(B, 1, 1)``."""
    return torch.exp((_draw(spectra, generator) * 2 - 1) * math.log(largest))


def _smoothing(bins: int) -> Tensor:
    """The matrix that turns spectra ``(..., bins)`` into their envelopes: a Gaussian over frequency, ends repeated."""
    reach = math.ceil(3 * _ENVELOPE_WIDTH)
    distance = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-0.5 * (distance / _ENVELOPE_WIDTH) ** 2)
    places = (torch.arange(bins)[:, None] + distance).clamp(0, bins - 1)  # what each bin of an envelope is made of
    matrix = torch.zeros(bins, bins)
    matrix.scatter_add_(1, places, (kernel / kernel.sum()).expand_as(places))
    return matrix.T.contiguous()


def _stretched(matrix: Tensor, factor: Tensor) -> Tensor:
    """A matrix whose result is stretched: what stood at frequency f stands at ``f * factor``.

    Beyond the top the last bin is repeated.

    Args:
        matrix: From spectra to spectra, shape ``(257, 257)``.
        factor: Of each clip, shape ``(B, 1, 1)``.

    Returns:
        Shape ``(B, 257, 257)``.
    """
    bins = matrix.shape[1]
    source = (torch.arange(bins, device=matrix.device) / factor[:, 0]).clamp(max=bins - 1)  # (B, bins)
    left = source.long().clamp(max=bins - 2)
    columns = torch.lerp(matrix.T[left], matrix.T[left + 1], (source - left)[..., None])  # (B, bins, 257)
    return columns.transpose(1, 2)
