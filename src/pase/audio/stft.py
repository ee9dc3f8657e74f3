"""The STFT front end of PASE (paper section 2.1): 512-point windows every 128 samples at 16 kHz."""

import torch
from torch import Tensor, nn
from torchaudio.transforms import Spectrogram

from pase.audio.waveform import SAMPLE_RATE

N_FFT = 512
HOP = 128
N_BINS = N_FFT // 2 + 1
STATE_RATE = SAMPLE_RATE / HOP
"""Spectrum frames per second: 125 Hz, exactly five per video frame at 25 fps."""

EDGE = N_FFT // 2
"""Samples of silence put before the first and after the last one, so that frame *k* is centred on sample ``128 k``."""

_FLOOR = 1e-2
"""Magnitude under which the logarithm stops to follow: some 60 dB under full scale, the noise floor of usual clips."""


class LogSpectrum(nn.Module):
    """Log-magnitude STFT.

    The paper does not say how magnitudes are scaled. The logarithm makes loudness an offset; the floor keeps digital
    silence and the noise of a quiet room alike.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram = Spectrogram(N_FFT, N_FFT, HOP, power=1.0, center=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Spectra of every whole window.

        Args:
            samples: Shape ``(B, S)``, already padded by `EDGE` where a clip begins or ends.

        Returns:
            Shape ``(B, (S - 512) // 128 + 1, 257)``, natural logarithm of the magnitude.
        """
        if not len(samples):  # torch's own fails
            return samples.new_zeros(0, (samples.shape[1] - N_FFT) // HOP + 1, N_BINS)
        magnitude: Tensor = self.spectrogram(samples)
        return torch.log(magnitude.clamp_min(_FLOOR)).transpose(1, 2)
