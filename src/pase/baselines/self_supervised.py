"""wav2vec 2.0 and HuBERT, built by torchaudio, with the user's own weights.

**Weights file**: the state dict of torchaudio's builder (`torchaudio.models.wav2vec2_base` or ``hubert_large``), as
``.safetensors`` or as saved by ``torch.save``; nothing else in it is run. The files that torchaudio's bundles download
(``WAV2VEC2_BASE``, ``HUBERT_LARGE``, and their ASR variants) are of this form. A model of the transformers package has
other names; this brings it into the form::

    from torchaudio.models.wav2vec2.utils import import_huggingface_model
    torch.save(import_huggingface_model(Wav2Vec2Model.from_pretrained(...)).state_dict(), "weights.pt")

A CTC head (keys ``aux.*``) is left out.

**Layers** are counted from 1, as torchaudio's ``extract_features`` counts; without one, the encoder's own output is
taken, with the last normalisation where the model has one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchaudio
from torch import Tensor
from torch.nn import functional
from torchaudio.models import Wav2Vec2Model

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.baselines.base import Rows
from pase.baselines.timing import Chunks, RowTimes
from pase.baselines.weights_file import assign_weights, read_weights
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.errors import InputError

_HOP, _REACH = 320, 400
"""Stride and kernel of its seven convolutions together, in samples; none is padded."""

TIMES = RowTimes(first=_REACH / 2 / SAMPLE_RATE, rate=SAMPLE_RATE / _HOP)

_CHUNKS = Chunks()
"""Attention reaches over all that is heard at once, and its memory grows with the square."""


@dataclass(frozen=True, slots=True)
class Family:
    """A size of network that torchaudio can build.

    Attributes:
        name: As printed in tables.
        build: The builder.
        normalised: Whether the pretrained model wants sound of mean 0 and variance 1.
    """

    name: str
    build: Callable[[], Wav2Vec2Model]
    normalised: bool


FAMILIES: Mapping[str, Family] = {
    "wav2vec2": Family("wav2vec 2.0 base", torchaudio.models.wav2vec2_base, normalised=False),
    "hubert": Family("HuBERT large", torchaudio.models.hubert_large, normalised=True),
}
"""The models by their names in requests. HuBERT large was trained on normalised sound, wav2vec 2.0 base was not."""


@dataclass(frozen=True)
class SelfSupervisedFeatures:
    """States of one layer.

    Attributes:
        model: In evaluation mode.
        name: As printed in tables.
        width: F.
        layer: From 1; None for the encoder's output.
        normalised: Whether the model wants sound of mean 0 and variance 1.
        device: Where the model is.
    """

    model: Wav2Vec2Model
    name: str
    width: int
    layer: int | None
    normalised: bool
    device: str = "cpu"

    @classmethod
    def load(cls, family: Family, weights: Path, layer: int | None, device: str = "cpu") -> "SelfSupervisedFeatures":
        """Build the network and load its weights.

        Raises:
            InputError: The weights cannot be read or are another network's, or there is no such layer.
        """
        loaded = read_weights(weights)
        with torch.device("meta"):  # nothing is allocated or drawn at random before the weights are there
            model = family.build()
        layers = len(model.encoder.transformer.layers)
        if layer is not None and not 1 <= layer <= layers:
            raise InputError(f"{family.name} has layers 1 ... {layers}, not {layer}")
        assign_weights(model, loaded, weights)
        name = family.name if layer is None else f"{family.name}, layer {layer}"
        width = int(model.encoder.feature_projection.projection.out_features)
        return cls(model.eval().to(device), name, width, layer, family.normalised, device)

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `pase.baselines.base.SpeechFeatures.rows`; more than 20 s are heard in chunks."""
        if self.normalised:  # over the whole recording, so that chunks are equally loud
            waveform = functional.layer_norm(torch.from_numpy(waveform), waveform.shape).numpy()
        return _CHUNKS.rows(self._encode, waveform, self.width)

    @torch.inference_mode()
    def _encode(self, sound: Waveform) -> Rows:
        # The row after the middle of the last frame hears beyond the sound.
        heard = functional.pad(torch.from_numpy(sound)[None].to(self.device), (0, _REACH - _HOP))
        rows = self._states(heard)[0].float().cpu().numpy()
        return TIMES.at_frames(rows, len(sound) // SAMPLES_PER_FRAME)

    def _states(self, heard: Tensor) -> Any:
        if self.layer is None:
            return self.model(heard)[0]
        return self.model.extract_features(heard, num_layers=self.layer)[0][-1]
