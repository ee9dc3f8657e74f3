"""Every encoder's features lie at the same moments as PASE's in the files of `pase-adapt`."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pase.audio.waveform import load_audio, save_wav
from pase.inference.encoder import PASE
from pase_adapters.benchmark.hearing import LAYOUT, Hearing, cut, training_features, windows
from pase_adapters.cli.main import main
from pase_adapters.reference.footage import Take


def noise(seconds: float) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(round(16_000 * seconds))).astype(np.float32)


@pytest.mark.parametrize("renderer", ["er-nerf", "gaussian-talker"])
def test_rows_of_pase_are_those_that_pase_adapt_writes(renderer: str, tmp_path: Path) -> None:
    save_wav(tmp_path / "a.wav", noise(1.2))
    sound = np.round(np.clip(noise(1.2), -1, 1) * 32767) / 32768
    arguments = ["--renderer", renderer, "--slot", "any", "--audio", str(tmp_path / "a.wav"), "--output", str(tmp_path)]
    assert main(arguments) == 0
    [file] = tmp_path.glob("*.npy")
    np.testing.assert_allclose(Hearing("pase").hear(sound.astype(np.float32), 30), np.load(file), atol=2e-4)


class Clock:
    """Its feature is the sample at the middle of each frame: what it gives tells at which moment it looked."""

    name, width = "clock", 1

    def rows(self, waveform: np.ndarray, frames: int) -> np.ndarray:
        return waveform[320 + 640 * np.arange(frames)][:, None]


def test_columns_of_other_encoders_lie_in_the_middle_of_each_20_ms(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("clock_features")
    module.FEATURES = Clock()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "clock_features", module)
    ramp = np.arange(640 * 10, dtype=np.float32)
    hearing = Hearing("clock_features:FEATURES")
    columns = hearing.columns(ramp, 10)
    assert columns[:, 0].tolist() == [160 + 320 * column for column in range(20)]
    rows = Hearing.of("clock_features:FEATURES", [columns[:8], columns[8:]]).rows(columns)
    scaled = rows[:, -LAYOUT.first_column : 2 - LAYOUT.first_column]  # a row's own two columns
    assert abs(scaled.mean()) < 1e-3
    assert scaled.std() == pytest.approx(1, abs=1e-3)


def test_windows_end_in_zeros() -> None:
    columns = np.arange(1, 9, dtype=np.float32)[:, None]
    assert windows(columns, 2, 0)[:, :, 0].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert windows(columns, 4, -1)[:, :, 0].tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 0]]


def test_a_checkpoint_of_ones_own(tiny_checkpoint: Path) -> None:
    columns = Hearing(str(tiny_checkpoint)).columns(noise(1.0), 25)
    assert columns.shape == (50, PASE.from_pretrained(tiny_checkpoint).width)


class Context:
    """Its features tell of all that it is given, as a recogniser's with attention do."""

    name, width = "context", 1

    def rows(self, waveform: np.ndarray, frames: int) -> np.ndarray:
        return np.full((frames, 1), float(np.abs(waveform).sum()) + len(waveform))


def test_takes_to_learn_from_are_heard_one_by_one_as_those_that_are_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("context_features")
    module.FEATURES = Context()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "context_features", module)
    sound, takes = noise(1.6), (Take(Path("a.mp4"), 0, 25), Take(Path("b.mp4"), 25, 15))
    save_wav(tmp_path / "aud.wav", sound)
    footage = SimpleNamespace(sound=tmp_path / "aud.wav", takes=takes)
    features, hearing = training_features("context_features:FEATURES", footage, tmp_path)  # type: ignore[arg-type]
    heard = load_audio(tmp_path / "aud.wav")
    for take in takes:
        alone = hearing.hear(cut(heard, take), take.frames)
        np.testing.assert_array_equal(features.rows[take.first : take.first + take.frames], alone)
    again, hearing_again = training_features("context_features:FEATURES", footage, tmp_path)  # type: ignore[arg-type]
    assert again.digest == features.digest
    assert (hearing_again.mean, hearing_again.scale) == (hearing.mean, hearing.scale)
