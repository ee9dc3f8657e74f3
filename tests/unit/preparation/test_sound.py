"""Sound on the clock of the pictures."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pase.audio.waveform import resample
from pase.errors import UnusableClipError
from pase.preparation.sound import cut_sound, read_sound


def write_sound(
    path: Path, blocks: list[tuple[float, NDArray[np.float32]]], rate: int = 48_000, layout: str = "stereo"
) -> Path:
    """Write uncompressed sound in a container that keeps time stamps; each block starts at its time in seconds."""
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        for time, samples in blocks:
            planes = np.repeat(samples[None], len(stream.layout.channels), axis=0)
            frame = av.AudioFrame.from_ndarray(planes.T.reshape(1, -1).astype(np.float32), "flt", layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = round(time * rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tone(seconds: float, rate: int = 48_000) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def click(seconds: float, at: float, rate: int = 48_000) -> NDArray[np.float32]:
    """Silence with a 5-ms burst that starts at a time."""
    samples = np.zeros(int(seconds * rate), dtype=np.float32)
    samples[int(at * rate) : int((at + 0.005) * rate)] = 0.8
    return samples


def onset(waveform: NDArray[np.float32]) -> float:
    return float(np.flatnonzero(np.abs(waveform) > 0.4)[0]) / 16_000


@pytest.mark.parametrize(
    ("sound_start", "picture_start", "expected"),
    [(0.0, 0.0, 1.0), (0.0, 0.4, 0.6), (0.3, 0.0, 1.3), (2.5, 2.0, 1.5)],
)
def test_time_zero_is_the_first_picture(
    tmp_path: Path, sound_start: float, picture_start: float, expected: float
) -> None:
    path = write_sound(tmp_path / "a.mkv", [(sound_start, click(2.0, at=1.0))])
    waveform = read_sound(path, Fraction(picture_start)).waveform
    assert waveform.dtype == np.float32
    assert onset(waveform) == pytest.approx(expected, abs=0.002)
    assert len(waveform) / 16_000 == pytest.approx(sound_start + 2.0 - picture_start, abs=0.002)


@pytest.mark.parametrize(("rate", "layout"), [(44_100, "stereo"), (16_000, "mono"), (48_000, "5.1"), (8_000, "mono")])
def test_rates_and_channels(tmp_path: Path, rate: int, layout: str) -> None:
    waveform = read_sound(write_sound(tmp_path / "a.mkv", [(0.0, tone(1.0, rate))], rate, layout), Fraction(0)).waveform
    assert len(waveform) == pytest.approx(16_000, abs=16)
    spectrum = np.abs(np.fft.rfft(waveform))
    assert np.argmax(spectrum) * 16_000 / len(waveform) == pytest.approx(440, abs=2)


def test_gaps_in_the_sound_are_silent_and_move_nothing(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mkv", [(0.0, tone(0.5)), (1.5, click(1.0, at=0.5))])
    waveform = read_sound(path, Fraction(0)).waveform
    assert np.abs(waveform[8_200:23_800]).max() == 0
    assert onset(waveform[12_000:]) + 0.75 == pytest.approx(2.0, abs=0.002)


def test_streaming_gives_what_the_whole_placed_sound_would(tmp_path: Path) -> None:
    """Sound before the picture, time stamps that wander, a gap, and an overlap of which the first is kept."""
    rate = 44_100
    samples = np.random.default_rng(0).normal(scale=0.1, size=3 * rate).astype(np.float32)
    first, second, third, fourth = np.split(samples, [rate, 2 * rate, int(2.5 * rate)])
    path = write_sound(tmp_path / "a.mkv", [(1.0, first), (2.01, second), (3.5, third), (3.9, fourth)], rate, "mono")
    placed = np.zeros(int(3.15 * rate), dtype=np.float32)
    start = int(0.25 * rate)
    placed[: 2 * rate - start] = samples[start : 2 * rate]
    placed[int(2.25 * rate) : int(2.75 * rate)] = third
    placed[int(2.75 * rate) :] = fourth[int(0.1 * rate) :]
    sound = read_sound(path, Fraction(5, 4))
    expected = resample(placed, rate)
    assert abs(len(sound.waveform) - len(expected)) <= 1
    length = min(len(sound.waveform), len(expected))
    np.testing.assert_allclose(sound.waveform[:length], expected[:length], atol=1e-4)


def test_no_more_is_held_than_the_sound_at_16_khz(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mkv", [(number, tone(1.0)) for number in range(60)])
    tracemalloc.start()
    try:
        waveform = read_sound(path, Fraction(0)).waveform
        assert tracemalloc.get_traced_memory()[1] < 1.5 * waveform.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("start", "lead"), [(Fraction(12, 5), 0.4), (Fraction(3, 2), -0.5), (None, 0.0)])
def test_lead_is_from_first_sample_to_first_picture(tmp_path: Path, start: Fraction | None, lead: float) -> None:
    path = write_sound(tmp_path / "a.mkv", [(2.0, tone(1.0))])
    assert read_sound(path, start).lead == pytest.approx(lead, abs=1e-3)


def test_no_sound_track(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnusableClipError, match=r"a\.mkv has no sound track") as caught:
        read_sound(path, Fraction(0))
    assert caught.value.reason == "no_sound"


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ([(0.0, np.zeros(48_000, dtype=np.float32))], "no_sound"),
        ([(0.0, tone(1.0)), (7300.0, tone(0.1))], "too_long"),
    ],
)
def test_useless_sound(tmp_path: Path, blocks: list[tuple[float, NDArray[np.float32]]], reason: str) -> None:
    with pytest.raises(UnusableClipError, match=r"a\.mkv") as caught:
        read_sound(write_sound(tmp_path / "a.mkv", blocks), Fraction(0))
    assert caught.value.reason == reason


def test_without_a_picture_the_sound_begins_with_its_own_first_sample(tmp_path: Path) -> None:
    waveform = read_sound(write_sound(tmp_path / "a.mkv", [(3.0, click(1.0, at=0.5))])).waveform
    assert onset(waveform) == pytest.approx(0.5, abs=0.002)
    assert len(waveform) == pytest.approx(16_000, abs=16)


def test_sound_that_is_over_before_the_first_picture(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mkv", [(0.0, tone(1.0))])
    with pytest.raises(UnusableClipError, match=r"a\.mkv has a sound track, and it ends before the first picture"):
        read_sound(path, Fraction(2))


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.full(48_000, np.nan, dtype=np.float32), 48_000, r"a\.mkv.*48000 samples are NaN"),
        (tone(1.0, 2_000), 2_000, r"a\.mkv.*sample rate 2000 Hz"),
    ],
)
def test_sound_that_cannot_be_used(tmp_path: Path, samples: NDArray[np.float32], rate: int, message: str) -> None:
    path = write_sound(tmp_path / "a.mkv", [(0.0, samples)], rate, "mono")
    with pytest.raises(UnusableClipError, match=message) as caught:
        read_sound(path)
    assert caught.value.reason == "bad_sound"


@given(
    length=st.integers(0, 20), start=st.integers(-30, 30), samples=st.integers(0, 30), seed=st.integers(0, 2**32 - 1)
)
def test_cut_sound_is_a_window_on_endless_silence_around_the_sound(
    length: int, start: int, samples: int, seed: int
) -> None:
    sound = np.random.default_rng(seed).normal(size=length).astype(np.float32)
    endless = np.concatenate([np.zeros(60), sound, np.zeros(100)])
    cut = cut_sound(sound, start, samples)
    assert cut.dtype == np.float32
    np.testing.assert_array_equal(cut, endless[60 + start : 60 + start + samples])
