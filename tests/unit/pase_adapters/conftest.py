"""A made-up encoder and subject, so that adapters are tested without a model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, load_audio, save_wav
from pase.inference.track import FeatureTrack
from pase_adapters.renderers.er_nerf import SPEC
from pase_adapters.spec import RendererSpec


@dataclass(frozen=True)
class FakeInfo:
    model_id: str


class FakeEncoder:
    """Feature 0 counts 20 ms frames from 1; the others are one."""

    def __init__(self, model_id: str = "model-a", width: int = 8) -> None:
        self.info, self.width = FakeInfo(model_id), width
        self.encoded: list[Path] = []

    def encode_file(self, path: Path, width: int | None = None, states: Path | None = None) -> FeatureTrack:
        self.encoded.append(path)
        samples = len(load_audio(path))
        made = np.ones((samples // 128 + 1, width or self.width), dtype=np.float32)
        made[:, 0] = np.arange(len(made)) / 125 * 50 + 0.5
        return FeatureTrack(made, 125, samples / SAMPLE_RATE, self.info.model_id)


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def make_encoder() -> Callable[..., FakeEncoder]:
    return FakeEncoder


@pytest.fixture
def spec() -> RendererSpec:
    return SPEC


@pytest.fixture
def make_wav(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tone of some seconds."""

    def make(seconds: float, name: str = "speech.wav") -> Path:
        path = tmp_path / name
        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        save_wav(path, (0.1 * np.sin(2 * np.pi * 220 * time)).astype(np.float32))
        return path

    return make


@pytest.fixture
def make_subject(tmp_path: Path) -> Callable[[int], Path]:
    """Writes what of a processed subject pase-adapt reads: the two lists of frames."""

    def make(frames: int) -> Path:
        folder = tmp_path / "subject one"
        folder.mkdir()
        cut = frames * 10 // 11
        for split, ids in (("train", range(cut)), ("val", range(cut, frames))):
            content = {"frames": [{"img_id": i, "aud_id": i} for i in ids]}
            (folder / f"transforms_{split}.json").write_text(json.dumps(content))
        return folder

    return make
