"""Audio encoder: spectra in, features out, one state every 8 ms, streaming by construction."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.audio.stft import EDGE, HOP, N_BINS, LogSpectrum
from pase.audio.waveform import SAMPLE_RATE
from pase.models.config import AudioConfig


@dataclass(frozen=True)
class AudioStates:
    """What the encoder hears in a stretch of sound.

    Attributes:
        spectra: Normalised log spectra, shape ``(B, N, 257)``; frame *k* is centred on ``8 k`` ms.
        states: Features, shape ``(B, N, D)``; state *k* belongs to the same time as spectrum *k*.
    """

    spectra: Tensor
    states: Tensor


class AudioEncoder(nn.Module):
    """STFT 512/512/128 and a GRU (paper section 2.2).

    The GRU runs forward in time only, so that it streams exactly. What follows a moment is heard by reading the state
    `delay` steps later. Of the two readings of the paper's 37.7 M parameters (8 layers of 512 in both directions, or
    of 768 in one), the one-directional one is taken.
    """

    def __init__(self, dim: int, config: AudioConfig) -> None:
        super().__init__()
        self.delay = config.delay
        self.spectrum = LogSpectrum()
        self.normalise = nn.BatchNorm1d(N_BINS, eps=1e-2, affine=False, momentum=0.02)
        dropout = config.dropout if config.layers > 1 else 0.0
        self.gru = nn.GRU(N_BINS, config.hidden, config.layers, batch_first=True, dropout=dropout)
        self.project = nn.Linear(config.hidden, dim)

    @property
    def look_ahead(self) -> float:
        """Seconds of sound after a time that its feature depends on, interpolation between states included."""
        return ((self.delay + 1) * HOP + EDGE) / SAMPLE_RATE

    def forward(self, waveform: Tensor, augment: nn.Module | None = None) -> AudioStates:
        """Encode whole stretches of sound; silence is assumed before and after.

        Args:
            waveform: 16 kHz, shape ``(B, S)``.
            augment: Applied to the log spectra ``(B, N', 257)`` before normalisation; training only.

        Returns:
            ``S // 128 + 1`` states.
        """
        log_spectra = self.spectrum(F.pad(waveform, (EDGE, EDGE + self.delay * HOP)))
        if augment is not None:
            log_spectra = augment(log_spectra)
        spectra = self.normalise(log_spectra.transpose(1, 2)).transpose(1, 2)
        hidden, _ = self.gru(spectra)
        states = self.project(hidden[:, self.delay :])
        return AudioStates(spectra[:, : states.shape[1]], states)

    def step(self, samples: Tensor, hidden: Tensor | None) -> tuple[Tensor, Tensor]:
        """Continue a stream.

        Args:
            samples: Shape ``(B, 512 + 128 n)``: windows that have not been heard yet, overlap included.
            hidden: State of the GRU after the last call, None at the beginning.

        Returns:
            Outputs of shape ``(B, n + 1, D)``, each `delay` steps late, and the new state of the GRU.
        """
        spectra = self.normalise(self.spectrum(samples).transpose(1, 2)).transpose(1, 2)
        outputs, state = self.gru(spectra, hidden)
        projected: Tensor = self.project(outputs)
        return projected, state


def at_frames(states: Tensor, first: int, frames: int) -> Tensor:
    """States at the middle of video frames at 25 fps, by linear interpolation.

    Frame *i*'s middle, ``40 i + 20`` ms, lies halfway between states ``5 i + 2`` and ``5 i + 3``.

    Args:
        states: Shape ``(B, N, D)``, 125 Hz, from time 0.
        first: Number of the first frame wanted.
        frames: How many.

    Returns:
        Shape ``(B, frames, D)``.
    """
    stop = 5 * (first + frames)
    if states.shape[1] < stop - 1:
        raise ValueError(f"{states.shape[1]} states do not reach frame {first + frames - 1}")
    left = states[:, 5 * first + 2 : stop : 5]
    right = states[:, 5 * first + 3 : stop : 5]
    return torch.lerp(left, right, 0.5)
