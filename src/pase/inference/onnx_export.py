"""An audio encoder as an ONNX graph with explicit state, for processes without torch."""

import copy
import math
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.audio.stft import HOP, N_BINS, N_FFT
from pase.audio.waveform import SAMPLE_RATE
from pase.extras import require
from pase.files import atomic_path
from pase.inference.encoder import PASE
from pase.inference.onnx_encoder import FEATURES, METADATA, NEWEST, PAST, SAMPLES, OnnxEncoder
from pase.inference.torch_engine import stream_spec
from pase.models.audio_encoder import AudioEncoder
from pase.models.causal import CausalGru, State
from pase.models.checkpoint import load_checkpoint
from pase.models.features import FeatureScale

_TOLERANCE = 1e-3
"""Features have unit variance; float32 of two programs differs by a hundredth of this."""


@dataclass(frozen=True)
class OnnxExport:
    """What was written.

    Attributes:
        path: The file.
        model_id: Identity of the checkpoint.
        width: Feature width D.
        error: Largest difference between onnxruntime's and torch's features of two seconds of noise.
    """

    path: Path
    model_id: str
    width: int
    error: float


def export_onnx(folder: Path, output: Path, width: int | None = None) -> OnnxExport:
    """Write the audio encoder of a checkpoint, its features scaled as renderers get them, in float32.

    Inputs are ``samples`` of shape ``(1, window_samples + n * step_samples)`` and ``past.0``, ``past.1`` ...; outputs
    ``features`` of shape ``(1, n + 1, D)`` and ``newest.0`` ... What these mean, `pase.inference.engine.StreamSpec`
    says; it is in the file's metadata, each entry after ``pase.``.

    Args:
        folder: Checkpoint folder.
        output: The ``.onnx`` file.
        width: Project features to this width; None: as they are.

    Raises:
        InputError: No checkpoint, a width above the model's, or the file cannot be written.
        MissingExtraError: The packages of the extra ``onnx`` are not installed.
    """
    for package in ("onnxscript", "onnxruntime"):
        require(package)
    model, info = load_checkpoint(folder)
    encoder = PASE(model, info, width)
    spec = stream_spec(model.audio, encoder.width, info.model_id)
    graph = _ExportedStep(model.audio, model.features, width).eval()
    with atomic_path(output) as temporary:
        _write(graph, {METADATA + name: str(value) for name, value in asdict(spec).items()}, temporary)
        error = _difference(encoder, OnnxEncoder.open(temporary))
    return OnnxExport(output, info.model_id, spec.width, error)


class _ExportedStep(nn.Module):
    """`AudioEncoder.step` of parts that ONNX has, and the features' scale."""

    def __init__(self, encoder: AudioEncoder, scale: FeatureScale, width: int | None) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        self.encoder.front.spectrum.set_submodule("spectrogram", _Dft())
        if isinstance(self.encoder.network, CausalGru):
            self.encoder.network.set_submodule("gru", _OnnxGru(self.encoder.network.gru))
        self.scale = scale
        self.width = width

    def forward(self, samples: Tensor, past: State) -> tuple[Tensor, State]:
        outputs, newest = self.encoder.step(samples, past)
        return self.scale(outputs, self.width), newest


class _Dft(nn.Module):
    """Magnitudes of windowed spectra by convolution: onnxruntime's own STFT is slower than its convolutions."""

    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        turns = torch.outer(torch.arange(N_BINS), torch.arange(N_FFT)).remainder(N_FFT)
        angle = turns.double() * (2 * math.pi / N_FFT)
        window = torch.hann_window(N_FFT, dtype=torch.float64)
        kernels = torch.cat([angle.cos() * window, angle.sin() * window])[:, None]
        self.register_buffer("kernels", kernels.float())

    def forward(self, samples: Tensor) -> Tensor:
        parts = F.conv1d(samples[:, None], self.kernels, stride=HOP)  # (B, 2 * 257, N)
        squares: Tensor = parts[:, :N_BINS].square() + parts[:, N_BINS:].square()
        return squares.sqrt()


class _OnnxGru(nn.Module):
    """`nn.GRU` by ONNX's operator of that name, which torch's exporter replaces by a loop over time."""

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.num_layers, self.hidden_size = gru.num_layers, gru.hidden_size
        for layer in range(gru.num_layers):
            weights = [_reorder(getattr(gru, f"weight_{way}_l{layer}"))[None] for way in ("ih", "hh")]
            biases = [_reorder(getattr(gru, f"bias_{way}_l{layer}")) for way in ("ih", "hh")]
            self.register_buffer(f"inputs_{layer}", weights[0])
            self.register_buffer(f"recurrence_{layer}", weights[1])
            self.register_buffer(f"bias_{layer}", torch.cat(biases)[None])

    def forward(self, inputs: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        outputs, newest = inputs.transpose(0, 1), []  # time first, as ONNX has it
        for layer in range(self.num_layers):
            outputs, last = self._layer(layer, outputs, hidden[layer : layer + 1])
            newest.append(last)
        return outputs.transpose(0, 1), torch.cat(newest)

    def _layer(self, layer: int, inputs: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        weights = (getattr(self, f"{name}_{layer}") for name in ("inputs", "recurrence", "bias"))
        steps, batch = inputs.shape[:2]
        outputs, last = torch.onnx.ops.symbolic_multi_out(
            "GRU",
            [inputs, *weights, None, hidden],
            {"hidden_size": self.hidden_size, "linear_before_reset": 1},
            dtypes=[inputs.dtype] * 2,
            shapes=[[steps, 1, batch, self.hidden_size], [1, batch, self.hidden_size]],
            version=14,
        )
        return outputs[:, 0], last


def _reorder(weights: Tensor) -> Tensor:
    """From torch's order of gates (reset, update, new) to that of ONNX (update, reset, new)."""
    reset, update, new = weights.detach().chunk(3)
    return torch.cat([update, reset, new])


def _write(graph: _ExportedStep, metadata: dict[str, str], path: Path) -> None:
    encoder = graph.encoder
    past = encoder.initial()
    samples = torch.zeros(1, encoder.window_samples + 6 * encoder.step_samples)
    with warnings.catch_warnings(action="ignore"):  # the exporter warns of its own insides
        program: Any = torch.onnx.export(
            graph,
            (samples, past),
            dynamo=True,
            verbose=False,
            input_names=[SAMPLES, *(f"{PAST}{number}" for number in range(len(past)))],
            output_names=[FEATURES, *(f"{NEWEST}{number}" for number in range(len(past)))],
            dynamic_shapes=({1: torch.export.Dim.DYNAMIC}, (None,) * len(past)),
        )
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


def _difference(encoder: PASE, exported: OnnxEncoder) -> float:
    """Largest difference of features; a large one is a bug."""
    noise = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32) / 10
    streams = encoder.stream(), exported.stream()
    features = [np.concatenate([stream.push(noise).features, stream.finish().features]) for stream in streams]
    error = float(np.abs(features[0] - features[1]).max())
    if not error < _TOLERANCE:
        raise RuntimeError(f"onnxruntime's features differ from torch's by {error:.2g}")
    return error
