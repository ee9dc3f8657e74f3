"""The mel scale: 80 bands of the STFT that PASE hears, for the front end that the paper compares with (Table VII)."""

import torch
from torch import Tensor

from pase.audio.stft import N_BINS
from pase.audio.waveform import SAMPLE_RATE

N_MELS = 80

MEL_RANGE = (55.0, 7600.0)
"""Hz; what Wav2Lip and SyncTalk's audio-visual encoder hear."""


def mel_filters() -> Tensor:
    """Triangular filters over the 257 bins, shape ``(257, 80)``, each of unit sum.

    A triangle is at least as wide as two bins (31 Hz each), because the lowest of 80 mel bands are narrower than one
    and would hear nothing.
    """
    lowest, highest = _mel(torch.tensor(MEL_RANGE, device="cpu")).tolist()  # also where a network is only outlined
    edges = _hertz(torch.linspace(lowest, highest, N_MELS + 2))
    step = SAMPLE_RATE / 2 / (N_BINS - 1)
    frequencies = torch.arange(N_BINS) * step
    centres = edges[1:-1]
    below = (centres - edges[:-2]).clamp_min(step)
    above = (edges[2:] - centres).clamp_min(step)
    distance = frequencies[:, None] - centres
    filters = torch.where(distance < 0, 1 + distance / below, 1 - distance / above).clamp_min(0)
    return filters / filters.sum(0)


def _mel(hertz: Tensor) -> Tensor:
    return 2595 * torch.log10(1 + hertz / 700)


def _hertz(mel: Tensor) -> Tensor:
    return 700 * (10 ** (mel / 2595) - 1)
