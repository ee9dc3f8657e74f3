"""What is measured: the features of a model, of the same network untrained, and the baselines beside them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pase.audio.waveform import Waveform
from pase.baselines.base import Rows, SpeechFeatures
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.errors import InputError
from pase.inference.torch_engine import one_thread
from pase.models.audio_encoder import at_frames
from pase.models.model import PaseModel

OWN = "PASE"

UNTRAINED = "untrained"


class PaseFeatures:
    """What renderers get: states scaled at their own rate and then sampled, as `pase.inference` does it.

    Attributes:
        name: `OWN`, or `UNTRAINED`.
        width: D.
    """

    def __init__(self, model: PaseModel, device: str = "cpu", name: str = OWN) -> None:
        self.name = name
        self.width = model.config.dim
        self._audio, self._scale = model.audio.to(device).eval(), model.features.to(device).eval()
        self._device = device

    @torch.inference_mode()
    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `pase.baselines.base.SpeechFeatures`."""
        return self._sample(self._scale(self._states(waveform, frames)), frames).float().cpu().numpy()

    @torch.inference_mode()
    def states(self, waveform: Waveform, frames: int) -> Tensor:
        """A, the states that are compared with video, shape ``(frames, D)``."""
        return self._sample(self._states(waveform, frames), frames)

    def _states(self, waveform: Waveform, frames: int) -> Tensor:
        samples = np.zeros(frames * SAMPLES_PER_FRAME, dtype=np.float32)
        heard = waveform[: len(samples)]
        samples[: len(heard)] = heard
        with one_thread():
            states: Tensor = self._audio(torch.from_numpy(samples)[None].to(self._device)).states
        return states

    def _sample(self, states: Tensor, frames: int) -> Tensor:
        return at_frames(states, 0, frames, self._audio.rate)[0]


def untrained(model: PaseModel, seed: int, device: str = "cpu") -> PaseFeatures:
    """The same network with random weights, hearing equally normalised spectra.

    A recurrent network keeps some of the past whatever its weights are, and training has to add to that.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        twin = PaseModel(model.config)
    twin.audio.front.load_state_dict(model.audio.front.state_dict())
    twin.features = _Unscaled()  # type: ignore[assignment]
    return PaseFeatures(twin, device, UNTRAINED)


def open_inputs(names: Sequence[str], model: PaseModel, seed: int = 0, device: str = "cpu") -> list[SpeechFeatures]:
    """The model's own features first, then what is measured beside them.

    Args:
        names: `UNTRAINED`, and names that `pase.baselines.registry.open_baseline` knows.
        model: The model.
        seed: Of the untrained twin.
        device: Where models compute.

    Raises:
        InputError: A name that is not known, or two that print alike.
        MissingExtraError: A baseline's package is not installed.
    """
    from pase.baselines.registry import open_baseline

    opened: list[SpeechFeatures] = [PaseFeatures(model, device)]
    for name in dict.fromkeys(names):
        opened.append(untrained(model, seed, device) if name == UNTRAINED else open_baseline(name, device))
    printed = [source.name for source in opened]
    if len(set(printed)) < len(printed):
        raise InputError(f"baselines must have names of their own, found {', '.join(printed)}")
    return opened


class _Unscaled(nn.Module):
    def forward(self, states: Tensor) -> Tensor:
        return states
