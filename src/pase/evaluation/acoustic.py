"""Plain acoustic features at the video frame rate: what PASE has to be better than."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

from pase.audio.stft import EDGE, HOP, N_BINS, LogSpectrum
from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.clip import SAMPLES_PER_FRAME

N_MELS = 80

_MEL_HOP = SAMPLE_RATE // 100

_MEL_FLOOR = 1e-6
"""Power under which the logarithm stops to follow, for samples in -1 ... 1."""


class StftRows(nn.Module):
    """The log spectra that PASE itself hears (512/512/128), those inside each video frame averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.spectrum = LogSpectrum()

    def forward(self, waveform: Tensor) -> Tensor:
        """Rows of whole clips.

        Args:
            waveform: 16 kHz, shape ``(B, T * 640)``.

        Returns:
            Shape ``(B, T, 257)``.
        """
        spectra = self.spectrum(F.pad(waveform, (EDGE, EDGE)))  # centred on 0, 8, 16, ... ms
        per_frame = SAMPLES_PER_FRAME // HOP
        frames = waveform.shape[1] // SAMPLES_PER_FRAME
        rows: Tensor = spectra[:, : frames * per_frame].reshape(-1, frames, per_frame, N_BINS).mean(2)
        return rows


class MelRows(nn.Module):
    """80-bin log-mel: 25-ms Hann windows every 10 ms, the three inside each video frame averaged.

    The transform is padded to 1024 points, because 512 leave the lowest of 80 mel bands empty.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(SAMPLE_RATE, 1024, SAMPLE_RATE // 40, _MEL_HOP, n_mels=N_MELS, pad_mode="constant")

    def forward(self, waveform: Tensor) -> Tensor:
        """Rows of whole clips.

        Args:
            waveform: 16 kHz, shape ``(B, T * 640)``.

        Returns:
            Shape ``(B, T, 80)``.
        """
        log_mel = torch.log(self.mel(waveform).clamp_min(_MEL_FLOOR)).transpose(1, 2)  # centred on 0, 10, 20, ... ms
        per_frame = SAMPLES_PER_FRAME // _MEL_HOP
        frames = waveform.shape[1] // SAMPLES_PER_FRAME
        rows: Tensor = log_mel[:, : frames * per_frame].reshape(-1, frames, per_frame, N_MELS)[:, :, 1:].mean(2)
        return rows
