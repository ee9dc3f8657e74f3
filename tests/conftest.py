"""Fixtures for all tests: a tiny generated corpus and a tiny checkpoint."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.slurm_cluster import NoSlurmError, running_slurm

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus, write_corpus
from pase.models.checkpoint import save_checkpoint
from pase.models.config import AlignmentConfig, AudioConfig, ModelConfig, ReconstructionConfig, VisualConfig
from pase.models.model import PaseModel
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONES

torch.set_num_threads(1)  # tiny tensors: more threads only wait for each other

TINY = ModelConfig(
    dim=16,
    audio=AudioConfig(hidden=16, layers=2, delay=3, stride=1),
    visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, stem_stride=2, collapse="mean"),
    alignment=AlignmentConfig(anchors=True, heads=2, reach=2),
    reconstruction=ReconstructionConfig(layers=1, heads=2),
    phone_heads=False,
    lip_shape_head=False,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse sets of parameters: their order differs between processes, which must collect the same tests."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        if any(isinstance(values, set | frozenset) for values in (*mark.args, *mark.kwargs.values())):
            raise TypeError(
                f"{metafunc.definition.nodeid}: parameters in a set have no order; take a tuple or sorted()"
            )


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    return TINY


@pytest.fixture
def tiny_model() -> PaseModel:
    torch.manual_seed(0)
    return PaseModel(TINY).eval()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save_checkpoint(folder, PaseModel(TINY).eval(), {"corpora": "none"})
    return folder


def make_clip(number: int, frames: int, split: str, seed: int = 0) -> Clip:
    """A clip whose lips brighten with the loudness of its sound."""
    rng = np.random.default_rng((seed, number))
    loudness = rng.uniform(0, 0.3, frames).astype(np.float32)
    waveform = np.repeat(loudness, 640) * rng.standard_normal(frames * 640).astype(np.float32)
    texture = rng.integers(0, 20, (frames, 96, 96, 3))
    lips = np.clip(loudness[:, None, None, None] * 700 + texture, 0, 255).astype(np.uint8)
    points = rng.normal(0, 0.1, (frames, 40, 2)).astype(np.float32)
    phones = [
        PhoneInterval(PHONES[int(rng.integers(len(PHONES)))], t / 25, (t + 4) / 25) for t in range(0, frames - 3, 4)
    ]
    record = ClipRecord(
        clip_id=f"s{number % 3}/clip{number:03d}",
        speaker=f"s{number % 3}",
        split=split,
        frames=frames,
        samples=len(waveform),
        text="",
        phones=PhoneTrack(tuple(phones)) if number % 5 else None,
        shard="",
        source=f"clip{number:03d}.mp4",
    )
    return Clip(record, waveform, lips, points)


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve training and four validation clips of 20 to 79 frames."""
    folder = tmp_path_factory.mktemp("corpora") / "tiny"
    clips = [make_clip(n, 20 + 37 * n % 60, "validation" if n % 4 == 3 else "train") for n in range(16)]
    write_corpus(folder, clips)
    return folder


@pytest.fixture
def opened_corpus(tiny_corpus: Path) -> Corpus:
    return Corpus.open(tiny_corpus)


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips, or a skip that says how to have it."""
    folder = Path(os.environ.get("PASE_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data").resolve()
    if not (folder / "grid_s1").is_dir():
        pytest.skip(f"no real clips in {folder}; set PASE_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def slurm() -> Iterator[None]:
    """A real Slurm of one node, or a skip that says why there is none."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))  # short: sockets lie in it
        try:
            stack.enter_context(running_slurm(folder))
        except NoSlurmError as error:
            pytest.skip(f"no Slurm can be started here: {error}")
        yield
