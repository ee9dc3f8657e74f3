"""The checkpoint in the package: what is used where none is named."""

from pathlib import Path

import numpy as np
import pytest

import pase
from pase.audio.waveform import save_wav
from pase.cli.main import main
from pase.models.checkpoint import WEIGHTS, read_info
from pase.models.released import RELEASED
from pase_adapters.cli.main import main as adapt


def test_it_is_small_and_says_what_it_is_made_of() -> None:
    assert (RELEASED / WEIGHTS).stat().st_size <= 8_000_000
    card = (RELEASED / "README.md").read_text(encoding="utf-8")
    assert read_info(RELEASED).model_id in card
    for word in ("GRID", "CC BY 4.0", "one real face"):
        assert word in card


def test_its_features_are_safe_to_feed() -> None:
    encoder = pase.PASE.from_pretrained()
    assert encoder.look_ahead <= 0.12
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1
    states = encoder.encode(np.concatenate([np.zeros(32_000, np.float32), noise]), 16_000).states
    silent = states[: len(states) // 2 - 10]
    assert np.isfinite(states).all()
    assert np.abs(states).max() <= 8
    assert np.abs(silent).mean() < np.abs(states).mean()


@pytest.fixture
def speech_file(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).standard_normal(32_000).astype(np.float32) * 0.1
    save_wav(tmp_path / "speech.wav", noise)
    return tmp_path / "speech.wav"


@pytest.mark.parametrize("width", [29, 32, 44])
def test_no_checkpoint_has_to_be_named(width: int, tmp_path: Path, speech_file: Path) -> None:
    output = tmp_path / "rows.npy"
    assert main(["encode", str(speech_file), str(output), "--rate", "25", "--width", str(width)]) == 0
    assert np.load(output, allow_pickle=False).shape[1] == width


def test_the_adapter_takes_it_too(tmp_path: Path, speech_file: Path) -> None:
    arguments = ["--renderer", "er-nerf", "--audio", str(speech_file), "--output", str(tmp_path / "out")]
    assert adapt(arguments) == 0
    assert len(list((tmp_path / "out").glob("*.npy"))) == 1
