import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike
from tests.audio_kinds import make_encoder

from pase import PASE
from pase.audio.waveform import save_wav
from pase.errors import InputError
from pase.inference.rows import Rows
from pase.inference.sound import Sound
from pase.inference.stream import StreamingEncoder
from pase.models.checkpoint import CheckpointInfo
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Path) -> PASE:
    return PASE.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(30_011) * 0.1).astype(np.float32)


def test_streaming_equals_the_training_graph(tiny_checkpoint: Path, sound: np.ndarray) -> None:
    from pase.models.checkpoint import load_checkpoint

    model, info = load_checkpoint(tiny_checkpoint)
    with torch.no_grad():
        states = model.features(model.audio(torch.from_numpy(sound)[None]).states)[0]
    np.testing.assert_allclose(PASE(model, info).encode(sound, 16_000).states, states, atol=1e-5)


@pytest.mark.parametrize("delay", [0, 1, 12])
def test_every_delay_gives_every_state(delay: int, sound: np.ndarray) -> None:
    config = ModelConfig(dim=16, audio=AudioConfig(hidden=8, layers=1, delay=delay, stride=1), reconstruction=None)
    encoder = PASE(PaseModel(config).eval(), CheckpointInfo(config, "x"))
    assert encoder.encode(sound, 16_000).states.shape == (30_011 // 128 + 1, 16)


def test_other_sample_rates(encoder: PASE) -> None:
    rate = 44_100
    track = encoder.encode(np.sin(np.arange(rate * 2) * 0.05).astype(np.float32), rate)
    assert track.duration == pytest.approx(2.0, abs=0.005)
    assert track.at_rate(25).shape == (50, 16)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(1, np.float32), r"waveform: 0\.1 ms of sound"),
        (np.zeros(160, np.float32), r"waveform: 10\.0 ms of sound"),
        (np.zeros(0, np.float32), r"waveform: 0\.0 ms of sound"),
        (np.zeros((2, 0), np.int16), r"waveform: 0\.0 ms of sound"),
        (np.full(16_000, np.nan, np.float32), "sample 0 is NaN or infinite"),
        (np.zeros((16_000, 2), np.float32), "transpose"),
    ],
)
def test_unusable_sound_is_refused(encoder: PASE, waveform: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoder.encode(waveform, 16_000)


@pytest.mark.parametrize("rate", [0, -16_000, 3_999, 16_000.5, float("nan"), float("inf"), 10**9])
def test_impossible_sample_rates_are_refused(encoder: PASE, rate: float) -> None:
    with pytest.raises(InputError, match="sample rate"):
        encoder.encode(np.zeros(16_000, np.float32), rate)


def test_sound_clipped_at_full_scale_gives_finite_bounded_features(encoder: PASE, sound: np.ndarray) -> None:
    states = encoder.encode(np.clip(sound * 100, -1, 1), 16_000).states
    assert np.isfinite(states).all()
    assert np.abs(states).max() <= 8


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


@pytest.mark.parametrize("width", [None, 3])
def test_states_kept_in_a_file_are_those_in_memory(
    encoder: PASE, sound: np.ndarray, tmp_path: Path, width: int | None
) -> None:
    save_wav(tmp_path / "a.wav", sound)
    memory = encoder.encode_file(tmp_path / "a.wav", width)
    file = encoder.encode_file(tmp_path / "a.wav", width, states=tmp_path / "states.npy")
    assert isinstance(file.states, np.memmap)
    np.testing.assert_array_equal(file.states, memory.states)
    assert (file.rate, file.duration, file.model_id) == (memory.rate, memory.duration, memory.model_id)


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


def test_a_file_that_is_far_too_loud_is_named(encoder: PASE, tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    samples = np.full(16_000, 30_000, "<f4")
    head = b"RIFF" + struct.pack("<I", 36 + samples.nbytes) + b"WAVEfmt "
    form = struct.pack("<IHHIIHH", 16, 3, 1, 16_000, 64_000, 4, 32)  # IEEE floats, mono
    path.write_bytes(head + form + b"data" + struct.pack("<I", samples.nbytes) + samples.tobytes())
    with pytest.raises(InputError, match=r"loud\.wav: sample 0 is 30000"):
        encoder.encode_file(path)


def test_memory_does_not_grow_with_the_file(encoder: PASE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be encoded or written is bounded by the block of decoding, not by the file."""
    largest = 0

    class Watched(StreamingEncoder):
        def push(self, samples: ArrayLike | Sound) -> Rows:
            nonlocal largest
            rows = super().push(samples)
            largest = max(largest, sum(part.nbytes for part in self.state().values()) + rows.features.nbytes)
            return rows

    monkeypatch.setattr("pase.inference.encoder.StreamingEncoder", Watched)
    found = []
    for seconds in (20, 60):
        save_wav(tmp_path / "a.wav", np.zeros(16_000 * seconds, np.float32))
        encoder.encode_to_file(tmp_path / "a.wav", tmp_path / "a.npy", 25)
        found.append(largest)
    assert found[0] == found[1] < 200_000


@pytest.mark.parametrize("width", [1, 5, 16])
def test_narrow_features_are_the_first_components(tiny_checkpoint: Path, sound: np.ndarray, width: int) -> None:
    encoder = make_encoder("gru")
    wide, narrow = encoder.encode(sound, 16_000, width=16), encoder.encode(sound, 16_000, width=width)
    np.testing.assert_allclose(narrow.states, wide.states[:, :width], atol=1e-5)
    assert make_encoder("gru", width).width == width
    np.testing.assert_allclose(make_encoder("gru", width).encode(sound, 16_000).states, narrow.states, atol=1e-5)
    assert PASE.from_pretrained(tiny_checkpoint, width=width).encode(sound, 16_000).width == width


@pytest.mark.parametrize("width", [0, -1, 17])
def test_widths_that_the_encoder_lacks_are_refused(tiny_checkpoint: Path, sound: np.ndarray, width: int) -> None:
    message = rf"width {width} were asked for; this encoder gives 1 \.\.\. 16"
    with pytest.raises(InputError, match=message):
        PASE.from_pretrained(tiny_checkpoint, width=width)
    with pytest.raises(InputError, match=message):
        PASE.from_pretrained(tiny_checkpoint).encode(sound, 16_000, width=width)


def test_a_narrow_file_equals_memory(tiny_checkpoint: Path, sound: np.ndarray, tmp_path: Path) -> None:
    encoder = PASE.from_pretrained(tiny_checkpoint, width=5)
    save_wav(tmp_path / "a.wav", sound)
    assert encoder.encode_to_file(tmp_path / "a.wav", tmp_path / "a.npy", 25, width=3) == (47, 3)
    expected = encoder.encode_file(tmp_path / "a.wav", width=3).at_rate(25)
    np.testing.assert_allclose(np.load(tmp_path / "a.npy", allow_pickle=False), expected, atol=1e-5)


def test_any_number_of_threads_gives_the_same_features(encoder: PASE) -> None:
    sound = np.random.default_rng(0).standard_normal(20 * 16_000)  # long enough for layers side by side
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = encoder.encode(sound, 16_000)
        torch.set_num_threads(2)
        shared = encoder.encode(sound, 16_000)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(shared.states, alone.states, rtol=0, atol=1e-5)
