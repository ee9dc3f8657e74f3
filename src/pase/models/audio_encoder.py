"""Audio encoder: samples in, features out, streaming by construction."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.audio.stft import EDGE, HOP, N_FFT, STATE_RATE
from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.clip import FRAME_RATE
from pase.models.causal import State, causal_network
from pase.models.config import AudioConfig
from pase.models.front_end import FrontEnd
from pase.models.precision import full_precision, widened


@dataclass(frozen=True)
class AudioStates:
    """What the encoder hears in a stretch of sound.

    Attributes:
        spectra: Normalised log spectra, shape ``(B, N, bins)``; frame *k* is centred on ``8 k`` ms.
        states: Features, shape ``(B, n, D)``; state *k* belongs to the time ``k / rate`` seconds.
    """

    spectra: Tensor
    states: Tensor


class AudioEncoder(nn.Module):
    """Front end, causal network, projection (paper section 2.2).

    Everything runs forward in time only, so that it streams exactly. What follows a moment is heard by reading the
    state `delay` steps later. Of the two readings of the paper's 37.7 M parameters (8 layers of 512 in both directions,
    or of 768 in one), the one-directional one is taken.
    """

    def __init__(self, dim: int, config: AudioConfig) -> None:
        super().__init__()
        self.delay = config.delay
        self.stride = config.stride
        self.front = FrontEnd(config.front)
        self.network = causal_network(self.front.bins, config)
        self.project = nn.Linear(self.network.width, dim)

    @property
    def rate(self) -> float:
        """States per second."""
        return STATE_RATE / self.stride

    @property
    def look_ahead(self) -> float:
        """Seconds of sound after a time that its feature depends on, interpolation between states included."""
        newest = (self.delay + 1) * self.stride + self.stride - 1  # spectra after the state before that time
        return (newest * HOP + EDGE) / SAMPLE_RATE

    @property
    def step_samples(self) -> int:
        """Samples from one state to the next."""
        return self.stride * HOP

    @property
    def window_samples(self) -> int:
        """Samples that the spectra of one state cover; `step` takes these and whole steps more."""
        return N_FFT + (self.stride - 1) * HOP

    @property
    def tail_samples(self) -> int:
        """Samples of silence after a recording that its last state may need."""
        return self.delay * self.step_samples + self.window_samples - EDGE

    def forward(self, waveform: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> AudioStates:
        """Encode whole stretches of sound; silence is assumed before and after.

        Args:
            waveform: 16 kHz, shape ``(B, S)``.
            augment: Applied to the log spectra ``(B, N', 257)``; training only.

        Returns:
            ``S // step_samples + 1`` states.
        """
        with full_precision(waveform.device):
            spectra = self.front(F.pad(waveform, (EDGE, self.tail_samples)), augment)
        count = waveform.shape[1] // self.step_samples + 1
        heard = spectra[:, : (count + self.delay) * self.stride]
        outputs, _ = self.network(heard, self.network.initial(len(heard), heard))
        states = widened(self.project(outputs[:, self.delay :]))
        return AudioStates(spectra[:, : waveform.shape[1] // HOP + 1], states)

    def initial(self, batch: int = 1) -> State:
        """What `step` is given first."""
        like = self.project.weight.new_zeros(1, self.front.bins)
        return self.network.initial(batch, like)

    def step(self, samples: Tensor, state: State, threads: int = 1) -> tuple[Tensor, State]:
        """Continue a stream.

        Args:
            samples: Shape ``(B, window_samples + n * step_samples)``: what has not been heard yet, overlap included.
            state: What the last call returned, `initial` at the beginning.
            threads: Layers that may be computed at a time; with more than one there are no gradients.

        Returns:
            Outputs of shape ``(B, n + 1, D)``, each `delay` steps late, and the new state.
        """
        outputs, newest = self.network(self.front(samples), state, threads)
        projected: Tensor = self.project(outputs)
        return projected, newest


def at_frames(states: Tensor, first: int, frames: int, rate: float) -> Tensor:
    """States at the middle of video frames at 25 fps, by linear interpolation.

    Args:
        states: Shape ``(B, N, D)``, from time 0.
        first: Number of the first frame wanted.
        frames: How many.
        rate: States per second.

    Returns:
        Shape ``(B, frames, D)``.
    """
    position = (
        (torch.arange(first, first + frames, device=states.device, dtype=torch.float64) + 0.5) / FRAME_RATE * rate
    )
    left = position.long()
    if frames and states.shape[1] - 1 < float(position[-1]):
        raise ValueError(f"{states.shape[1]} states do not reach frame {first + frames - 1}")
    right = (left + 1).clamp(max=states.shape[1] - 1)
    return torch.lerp(states[:, left], states[:, right], (position - left).to(states.dtype)[:, None])
