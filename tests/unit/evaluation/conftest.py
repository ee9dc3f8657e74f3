"""A tiny corpus of noise and a tiny random model: enough for every measurement to run."""

import numpy as np
import pytest
import torch

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import write_corpus
from pase.models.checkpoint import save_checkpoint
from pase.models.config import AudioConfig, ModelConfig, VisualConfig
from pase.models.model import PaseModel
from pase.phonemes.intervals import PhoneInterval, PhoneTrack

PHONE_CYCLE = ("SIL", "B", "IY", "M", "AA", "T", "UW", "P", "AE", "S")


def make_clip(name: str, split: str, seed: int, frames: int = 50, spoken: bool = True) -> Clip:
    rng = np.random.default_rng(seed)
    phones = tuple(
        PhoneInterval(PHONE_CYCLE[(k + seed) % len(PHONE_CYCLE)], 0.1 * k, 0.1 * (k + 1)) for k in range(frames // 3)
    )
    samples = frames * 640 - 800  # real sound often ends before the picture
    record = ClipRecord(name, "s1", split, frames, samples, "text", PhoneTrack(phones) if spoken else None, "", "x.mp4")
    return Clip(
        record,
        (0.1 * rng.standard_normal(samples)).astype(np.float32),
        rng.integers(0, 255, (frames, 96, 96, 3), dtype=np.uint8),
        rng.standard_normal((frames, 40, 2)).astype(np.float32),
    )


@pytest.fixture(scope="session")
def clip_factory():
    return make_clip


@pytest.fixture(scope="session")
def noise_corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise_corpus")
    splits = ["train"] * 6 + ["validation"] * 3
    lengths = [50, 50, 41, 50, 60, 50, 45, 50, 80]
    clips = [make_clip(f"c{i}", split, i, n) for i, (split, n) in enumerate(zip(splits, lengths, strict=True))]
    write_corpus(folder, clips)
    return folder


@pytest.fixture(scope="session")
def tiny_model():
    torch.manual_seed(0)
    config = ModelConfig(
        dim=16,
        audio=AudioConfig(hidden=16, layers=1, stride=1),
        visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, collapse="mean"),
        reconstruction=None,
    )
    return PaseModel(config).eval()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save_checkpoint(folder, tiny_model, {})
    return folder
