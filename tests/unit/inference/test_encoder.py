from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pase import PASE
from pase.audio.waveform import save_wav
from pase.errors import InputError
from pase.models.checkpoint import CheckpointInfo
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Path) -> PASE:
    return PASE.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(30_011) * 0.1).astype(np.float32)


@given(cuts=st.lists(st.integers(0, 30_011), max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_chunking_gives_the_whole(encoder: PASE, sound: np.ndarray, cuts: list[int]) -> None:
    stream = encoder.stream()
    pieces = [*(stream.push(part) for part in np.split(sound, sorted(cuts))), stream.finish()]
    np.testing.assert_allclose(np.concatenate(pieces), encoder.encode(sound, 16_000).states, atol=1e-5)


def test_streaming_equals_the_training_graph(tiny_checkpoint: Path, sound: np.ndarray) -> None:
    from pase.models.checkpoint import load_checkpoint

    model, info = load_checkpoint(tiny_checkpoint)
    with torch.no_grad():
        states = model.features(model.audio(torch.from_numpy(sound)[None]).states)[0]
    np.testing.assert_allclose(PASE(model, info).encode(sound, 16_000).states, states, atol=1e-5)


@pytest.mark.parametrize("delay", [0, 1, 12])
def test_every_delay_gives_every_state(delay: int, sound: np.ndarray) -> None:
    config = ModelConfig(dim=16, audio=AudioConfig(hidden=8, layers=1, delay=delay), reconstruction=None)
    encoder = PASE(PaseModel(config).eval(), CheckpointInfo(config, "x"))
    assert encoder.encode(sound, 16_000).states.shape == (30_011 // 128 + 1, 16)


def test_states_come_with_the_stated_look_ahead(encoder: PASE, sound: np.ndarray) -> None:
    stream = encoder.stream()
    given_out = len(stream.push(sound[:16_000]))
    certain = int((1.0 - encoder.look_ahead) * 125) + 1  # states whose look-ahead lies within the first second
    assert given_out >= certain


def test_a_finished_stream_takes_no_more(encoder: PASE, sound: np.ndarray) -> None:
    stream = encoder.stream()
    stream.push(sound)
    stream.finish()
    with pytest.raises(ValueError, match="finished"):
        stream.push(sound)


def test_channels_types_and_layouts(encoder: PASE, sound: np.ndarray) -> None:
    expected = encoder.encode(sound, 16_000).states
    np.testing.assert_allclose(encoder.encode(np.stack([sound, sound]), 16_000).states, expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(torch.from_numpy(sound), 16_000).states, expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(sound.astype(np.float64), 16_000).states, expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(np.repeat(sound, 2)[::2], 16_000).states, expected, atol=1e-5)
    integers = np.round(sound * 32768).astype(np.int16)
    np.testing.assert_allclose(encoder.encode(integers, 16_000).states, expected, atol=5e-3)
    np.testing.assert_allclose(
        encoder.encode(np.round(sound * 2**31).astype(np.int32), 16_000).states, expected, atol=1e-3
    )


def test_other_sample_rates(encoder: PASE) -> None:
    rate = 44_100
    track = encoder.encode(np.sin(np.arange(rate * 2) * 0.05).astype(np.float32), rate)
    assert track.duration == pytest.approx(2.0, abs=0.005)
    assert track.at_rate(25).shape == (50, 16)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(160, np.float32), "10.0 ms of sound"),
        (np.zeros(0, np.float32), "0.0 ms of sound"),
        (np.full(16_000, np.nan, np.float32), "NaN or infinite"),
        (np.full(16_000, np.inf, np.float32), "NaN or infinite"),
        (np.zeros((3, 4, 5), np.float32), "shape"),
        (np.zeros((16_000, 2), np.float32), "shape"),
        (np.array(["a"]), "numbers"),
    ],
)
def test_unusable_sound_is_refused(encoder: PASE, waveform: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoder.encode(waveform, 16_000)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_constant_sound_gives_finite_bounded_features(encoder: PASE, level: float) -> None:
    states = encoder.encode(np.full(16_000, level, np.float32), 16_000).states
    assert np.isfinite(states).all()
    assert np.abs(states).max() <= 8


@pytest.mark.parametrize("rate", [None, 25.0, 29.97, 50.0, 125.0])
def test_file_equals_memory(encoder: PASE, sound: np.ndarray, tmp_path: Path, rate: float | None) -> None:
    save_wav(tmp_path / "a.wav", sound)
    shape = encoder.encode_to_file(tmp_path / "a.wav", tmp_path / "a.npy", rate)
    rows = np.load(tmp_path / "a.npy", allow_pickle=False)
    track = encoder.encode_file(tmp_path / "a.wav")
    expected = track.states if rate is None else track.at_rate(rate)
    assert rows.shape == shape == expected.shape
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_long_files_are_written_in_pieces(encoder: PASE, tmp_path: Path) -> None:
    """Longer than one block of decoding, so that rows cross the seams."""
    long = (np.random.default_rng(1).standard_normal(16_000 * 25) * 0.1).astype(np.float32)
    save_wav(tmp_path / "a.wav", long)
    encoder.encode_to_file(tmp_path / "a.wav", tmp_path / "a.npy", 29.97)
    expected = encoder.encode_file(tmp_path / "a.wav").at_rate(29.97)
    np.testing.assert_allclose(np.load(tmp_path / "a.npy", allow_pickle=False), expected, atol=1e-5)


def test_a_failure_leaves_no_file(encoder: PASE, tmp_path: Path) -> None:
    save_wav(tmp_path / "short.wav", np.zeros(160, np.float32))
    with pytest.raises(InputError, match=r"short\.wav: 10\.0 ms"):
        encoder.encode_to_file(tmp_path / "short.wav", tmp_path / "out" / "a.npy")
    assert list((tmp_path / "out").iterdir()) == []


def test_encoding_leaves_the_number_of_threads(encoder: PASE, sound: np.ndarray) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        encoder.encode(sound, 16_000)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
