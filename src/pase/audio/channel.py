"""What lies between a voice and its file: microphones, telephones, codecs, lost packets. Nothing moves in time."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torchaudio.functional import mu_law_decoding, mu_law_encoding

from pase.audio.waveform import SAMPLE_RATE
from pase.draws import uniform

_MU_LAW_LEVELS = 256  # 8 bits

_WINDOW, _HOP = 512, 256
_NEIGHBOURS = 9
"""Bins (31 Hz each) over which a codec's quantisation step is shared, about a critical band at 1 kHz."""


def band_limit(waveform: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Keep a band of frequencies, with zero phase, so that no frequency is delayed.

    Args:
        waveform: Shape ``(B, S)``.
        low: Lower edge in Hz, shape ``(B,)``; 0 keeps all down to the mean.
        high: Upper edge in Hz, shape ``(B,)``; 8000 and more keeps all.
    """
    samples = waveform.shape[-1]
    length = samples + 1024  # the filter rings for some 20 ms, which must not come round to the other end
    length += -length % 4096
    frequency = torch.linspace(0, SAMPLE_RATE / 2, length // 2 + 1, device=waveform.device)
    rise = _slope((frequency - low[:, None]) / 100) + (low[:, None] <= 0)
    fall = _slope((high[:, None] - frequency) / 300) + (high[:, None] >= SAMPLE_RATE / 2)
    kept = rise.clamp(max=1) * fall.clamp(max=1)
    heard: Tensor = torch.fft.irfft(torch.fft.rfft(waveform, length) * kept, length)
    return heard[:, :samples]


def mu_law(waveform: Tensor) -> Tensor:
    """Through 8 bits of mu-law (ITU-T G.711), as telephones do; values beyond ±1 are clipped. Any shape."""
    heard: Tensor = mu_law_decoding(mu_law_encoding(waveform.clamp(-1, 1), _MU_LAW_LEVELS), _MU_LAW_LEVELS)
    return heard


def transform_codec(waveform: Tensor, coarseness: Tensor) -> Tensor:
    """Quantise the spectrum by steps that follow its envelope, as MP3 and its like do at low bit rates.

    What lies under half a step is gone, which leaves the holes and the warbling that such codecs are known for.

    Args:
        waveform: Shape ``(B, S)``.
        coarseness: Step over the mean magnitude of the neighbouring bins, shape ``(B,)``; 0.5 is slight, 2 is severe.
    """
    samples = waveform.shape[-1]
    window = torch.hann_window(_WINDOW, device=waveform.device)
    padded = F.pad(
        waveform, (0, _WINDOW + -samples % _HOP)
    )  # whole hops, and more than the half window that is mirrored
    spectrum = torch.stft(padded, _WINDOW, _HOP, window=window, return_complex=True)
    level = F.avg_pool1d(spectrum.abs().transpose(1, 2), _NEIGHBOURS, 1, _NEIGHBOURS // 2).transpose(1, 2)
    step = (level * coarseness[:, None, None]).clamp_min(1e-6)[..., None]
    coarse = torch.view_as_complex((torch.view_as_real(spectrum) / step).round() * step)
    heard: Tensor = torch.istft(coarse, _WINDOW, _HOP, window=window)
    return heard[:, :samples]


def clip_peaks(waveform: Tensor, share: Tensor) -> Tensor:
    """Cut off what exceeds a share of each clip's highest peak; shapes ``(B, S)`` and ``(B,)``."""
    limit = waveform.abs().amax(-1, keepdim=True) * share[:, None]
    return torch.maximum(torch.minimum(waveform, limit), -limit)


def drop_sound(waveform: Tensor, seconds: tuple[float, float], most: int, generator: Generator | None) -> Tensor:
    """Put zeros in the place of one or several stretches, as lost packets leave them.

    Args:
        waveform: Shape ``(B, S)``.
        seconds: Shortest and longest stretch.
        most: Stretches in a clip at most; at least one.
        generator: Draws how many, where and how long.
    """
    clips, samples = waveform.shape
    on = waveform.device
    start = uniform(generator, on, clips, most, 1) * samples
    length = uniform(generator, on, clips, most, 1, low=seconds[0], high=seconds[1]) * SAMPLE_RATE
    count = 1 + (uniform(generator, on, clips, 1, 1) * most).floor()
    lost = torch.arange(most, device=on)[:, None] < count
    place = torch.arange(samples, device=on)
    return waveform.masked_fill(((place >= start) & (place < start + length) & lost).any(1), 0.0)


def _slope(distance: Tensor) -> Tensor:
    """From 0 at -1 to 1 at 1, smooth, one half at 0."""
    return (1 + torch.sin(distance.clamp(-1, 1) * (torch.pi / 2))) / 2
