"""Front ends: from samples to the normalised spectra that an audio encoder hears."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from pase.audio.mel import N_MELS, mel_filters
from pase.audio.stft import N_BINS, LogSpectrum
from pase.models.ranks import BatchNorm


class FrontEnd(nn.Module):
    """Log-magnitude STFT 512/512/128, or 80 mel bands of the same windows, each bin brought to unit variance.

    Mel bands are sums of the STFT's magnitudes, so that both front ends see the same stretch of sound and the same
    augmentation.
    """

    filters: Tensor

    def __init__(self, kind: Literal["stft", "mel"]) -> None:
        super().__init__()
        self.bins = N_MELS if kind == "mel" else N_BINS
        self.spectrum = LogSpectrum()
        self.register_buffer("filters", mel_filters() if kind == "mel" else torch.empty(0), persistent=False)
        self.normalise = BatchNorm(self.bins, eps=1e-2, affine=False, momentum=0.02)

    def forward(self, samples: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Spectra of every whole window.

        Args:
            samples: Shape ``(B, S)``, padded by `EDGE` where a clip begins or ends.
            augment: Applied to log spectra ``(B, N, 257)`` before anything else; training only.

        Returns:
            Shape ``(B, (S - 512) // 128 + 1, bins)``.
        """
        spectra: Tensor = self.spectrum(samples)
        if augment is not None:
            spectra = augment(spectra)
        if len(self.filters):
            spectra = torch.log(spectra.exp() @ self.filters)
        normalised: Tensor = self.normalise(spectra.transpose(1, 2)).transpose(1, 2)
        return normalised
