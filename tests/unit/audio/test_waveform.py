import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.audio.waveform import SAMPLE_RATE, Resampler, iter_audio, load_audio, resample, save_wav
from pase.errors import InputError


def tone(frequency: float, seconds: float, rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_float_wav(path: Path, samples: np.ndarray) -> None:
    """WAVE with 32-bit floats, which the standard library cannot write."""
    data = samples.astype("<f4").tobytes()
    header = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (3).to_bytes(2, "little") + (1).to_bytes(2, "little") + SAMPLE_RATE.to_bytes(4, "little")
    header += (SAMPLE_RATE * 4).to_bytes(4, "little") + (4).to_bytes(2, "little") + (32).to_bytes(2, "little")
    path.write_bytes(header + b"data" + len(data).to_bytes(4, "little") + data)


def test_wav_round_trip_keeps_every_sample(tmp_path: Path) -> None:
    sound = tone(440, 1.0, SAMPLE_RATE)
    save_wav(tmp_path / "a.wav", sound)
    np.testing.assert_allclose(load_audio(tmp_path / "a.wav"), sound, atol=1 / 32767)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_pitch_and_time(rate: int) -> None:
    sound = resample(tone(440, 1.0, rate), rate)
    assert abs(len(sound) - SAMPLE_RATE) <= 32
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert abs(spectrum.argmax() * SAMPLE_RATE / len(sound) - 440) < 2
    middle = slice(2000, 14_000)
    np.testing.assert_allclose(sound[middle], tone(440, 1.0, SAMPLE_RATE)[middle], atol=0.02)


@given(cuts=st.lists(st.integers(0, 22_050), max_size=6))
@settings(max_examples=25, deadline=None)
def test_resampling_does_not_depend_on_blocks(cuts: list[int]) -> None:
    sound = np.random.default_rng(0).standard_normal(22_050).astype(np.float32)
    resampler = Resampler(22_050)
    blocks = np.split(sound, sorted(cuts))
    pieces = [*(resampler.push(block) for block in blocks), resampler.flush()]
    np.testing.assert_array_equal(np.concatenate(pieces), resample(sound, 22_050))


def test_blocks_of_a_file_join_to_the_whole(tmp_path: Path) -> None:
    save_wav(tmp_path / "a.wav", tone(300, 2.35, SAMPLE_RATE))
    blocks = list(iter_audio(tmp_path / "a.wav", block_seconds=0.5))
    assert [len(block) for block in blocks] == [8000, 8000, 8000, 8000, 5600]
    np.testing.assert_array_equal(np.concatenate(blocks), load_audio(tmp_path / "a.wav"))


def test_stereo_is_averaged(tmp_path: Path) -> None:
    left = tone(200, 0.5, SAMPLE_RATE)
    with wave.open(str(tmp_path / "s.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.stack([left, -left], 1) * 32767).astype("<i2").tobytes())
    assert np.abs(load_audio(tmp_path / "s.wav")).max() < 1e-3


def test_nan_is_refused_with_its_place(tmp_path: Path) -> None:
    sound = tone(200, 0.5, SAMPLE_RATE)
    sound[123] = np.nan
    write_float_wav(tmp_path / "nan.wav", sound)
    with pytest.raises(InputError, match=r"nan\.wav: 1 samples are NaN or infinite, the first is number 123"):
        load_audio(tmp_path / "nan.wav")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"", "cannot be decoded as sound"), (b"RIFF nonsense", "cannot be decoded as sound")],
)
def test_unreadable_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"bad\.wav.*{message}"):
        load_audio(path)


@pytest.mark.parametrize("rate", [0, -16_000, 100, 10**9])
def test_absurd_sample_rates_are_refused(rate: int) -> None:
    with pytest.raises(InputError, match="sample rate"):
        Resampler(rate)
