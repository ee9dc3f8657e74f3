"""What the judge hears: 40 mel bands every 10 ms, as SyncNet-like models do, where PASE hears an STFT every 8 ms."""

from functools import cache

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor

from pase.audio.waveform import SAMPLE_RATE, Waveform

BANDS = 40

PER_FRAME = 4
"""Spectra in a video frame of 40 ms."""


@cache
def _transform() -> torchaudio.transforms.MelSpectrogram:
    return torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, f_min=60, f_max=7600, n_mels=BANDS, center=True
    )


def mel_bands(sound: Waveform, frames: int) -> NDArray[np.float32]:
    """Log mel bands, each sound's own mean loudness taken off, shape ``(4 * frames, 40)``.

    Args:
        sound: 16 kHz, shape ``(N,)``; cut or filled with silence to the pictures' length.
        frames: Video frames.
    """
    count = frames * PER_FRAME
    wanted = count * 160
    padded = np.pad(sound[:wanted], (0, max(0, wanted - len(sound))))
    bands: Tensor = (_transform()(torch.from_numpy(padded.astype(np.float32)))[:, :count] + 1e-5).log().T
    return np.asarray((bands - bands.mean()).numpy(), dtype=np.float32)
