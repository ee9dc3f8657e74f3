"""Plain acoustic features at the video frame rate: what every learnt representation has to be better than."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchaudio.functional import compute_deltas
from torchaudio.transforms import MFCC, MelSpectrogram

from pase.audio.stft import EDGE, HOP, N_BINS, LogSpectrum
from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.baselines.base import Rows
from pase.baselines.timing import Chunks
from pase.corpus.clip import SAMPLES_PER_FRAME

N_MELS = 80
N_MFCC = 13

_MFCC_MELS = 40
"""Mel bands that the cepstrum is taken of: as many as 512 points leave none of them empty."""

_CHUNKS = Chunks(core=500, margin=4)
"""No row hears more than 0.1 s to either side, so that chunks give what the whole gives."""

_WINDOW = SAMPLE_RATE // 40
_MEL_HOP = SAMPLE_RATE // 100

_MEL_FLOOR = 1e-6
"""Power under which the logarithm stops to follow, for samples in -1 ... 1."""


class StftRows(nn.Module):
    """The log spectra that PASE itself hears (512/512/128), the four around the middle of each frame averaged."""

    width = N_BINS

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
        return _inside_frames(self.spectrum(F.pad(waveform, (EDGE, EDGE))), HOP)


class MelRows(nn.Module):
    """80-bin log-mel: 25-ms Hann windows every 10 ms, the three around the middle of each frame averaged.

    The transform is padded to 1024 points, because 512 leave the lowest of 80 mel bands empty.
    """

    width = N_MELS

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(SAMPLE_RATE, 1024, _WINDOW, _MEL_HOP, n_mels=N_MELS, pad_mode="constant")

    def forward(self, waveform: Tensor) -> Tensor:
        """Rows of whole clips.

        Args:
            waveform: 16 kHz, shape ``(B, T * 640)``.

        Returns:
            Shape ``(B, T, 80)``.
        """
        return _inside_frames(torch.log(self.mel(waveform).clamp_min(_MEL_FLOOR)).transpose(1, 2), _MEL_HOP)


class MfccRows(nn.Module):
    """13 cepstral coefficients with their first and second differences, averaged as in `MelRows`.

    Logarithms are natural: in decibels they would be cut off under the loudest of the clip, and a row would depend on
    sound far away.
    """

    width = 3 * N_MFCC

    def __init__(self) -> None:
        super().__init__()
        mel = {"n_fft": 512, "win_length": _WINDOW, "hop_length": _MEL_HOP, "n_mels": _MFCC_MELS}
        self.mfcc = MFCC(SAMPLE_RATE, N_MFCC, log_mels=True, melkwargs={**mel, "pad_mode": "constant"})

    def forward(self, waveform: Tensor) -> Tensor:
        """Rows of whole clips.

        Args:
            waveform: 16 kHz, shape ``(B, T * 640)``.

        Returns:
            Shape ``(B, T, 39)``.
        """
        coefficients = self.mfcc(waveform)
        deltas = compute_deltas(coefficients)
        together = torch.cat([coefficients, deltas, compute_deltas(deltas)], dim=1)
        return _inside_frames(together.transpose(1, 2), _MEL_HOP)


TRANSFORMS: Mapping[str, type[StftRows | MelRows | MfccRows]] = {
    "log-STFT": StftRows,
    "log-mel": MelRows,
    "MFCC": MfccRows,
}
"""The modules above by their names in tables."""


@dataclass(frozen=True)
class AcousticFeatures:
    """One of the modules above as `pase.baselines.base.SpeechFeatures`.

    Attributes:
        name: As printed in tables.
        width: F.
        transform: From shape ``(B, T * 640)`` to ``(B, T, F)``.
        device: Where it computes.
    """

    name: str
    width: int
    transform: nn.Module
    device: str = "cpu"

    @classmethod
    def load(cls, name: str, device: str = "cpu") -> "AcousticFeatures":
        """Build the transform of that name out of `TRANSFORMS`."""
        transform = TRANSFORMS[name]()
        return cls(name, transform.width, transform.to(device), device)

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `SpeechFeatures.rows`; hours of sound in constant memory beside the rows themselves."""
        return _CHUNKS.rows(self._encode, waveform, self.width)

    @torch.inference_mode()
    def _encode(self, sound: Waveform) -> Rows:
        rows: Rows = self.transform(torch.from_numpy(sound)[None].to(self.device))[0].cpu().numpy()
        return rows


def _inside_frames(spectra: Tensor, hop: int) -> Tensor:
    """Mean of the windows that lie around the middle of each video frame, shape ``(B, T, F)``.

    Windows are centred on 0, `hop`, ... samples. That of a frame's first sample is left out, since it is as much the
    frame before's; the mean time of the others is the middle of the frame.
    """
    per_frame = SAMPLES_PER_FRAME // hop
    frames = (spectra.shape[1] - 1) // per_frame
    grouped = spectra[:, : frames * per_frame].reshape(-1, frames, per_frame, spectra.shape[2])
    rows: Tensor = grouped[:, :, 1:].mean(2)
    return rows
