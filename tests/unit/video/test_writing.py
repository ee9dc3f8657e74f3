"""Writing an mp4 with sound."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, load_audio
from pase.errors import InputError
from pase.video.reading import iter_frames
from pase.video.writing import write_video


def flashes(count: int, lit: set[int]) -> list[NDArray[np.uint8]]:
    """Dark pictures of 64 x 48 with white ones at the given numbers."""
    return [np.full((48, 64, 3), 240 if number in lit else 20, dtype=np.uint8) for number in range(count)]


def clicks(seconds: float, times: list[float]) -> NDArray[np.float32]:
    """Noise bursts of 20 ms at the given times."""
    waveform = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    rng = np.random.default_rng(0)
    for time in times:
        start = round(time * SAMPLE_RATE)
        waveform[start : start + 320] = rng.uniform(-0.5, 0.5, 320)
    return waveform


def test_every_picture_comes_back_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, flashes(30, {0, 7, 29}), clicks(1.2, [0.3]))
    bright = [number for number, picture in enumerate(iter_frames(path, 25)) if picture.mean() > 128]
    assert bright == [0, 7, 29]
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt, video.average_rate) == ("h264", "yuv420p", 25)
        assert container.streams.audio[0].codec_context.name == "aac"


def test_sound_keeps_its_time(tmp_path: Path) -> None:
    sent = clicks(2.0, [0.11, 0.9, 1.71])
    write_video(tmp_path / "clip.mp4", flashes(50, set()), sent)
    heard = load_audio(tmp_path / "clip.mp4")
    assert len(sent) <= len(heard) < len(sent) + 1024  # the last AAC block may be padded
    shifts = range(-40, 41)
    match = [float(np.dot(np.roll(heard[: len(sent)], -shift), sent)) for shift in shifts]
    assert shifts[int(np.argmax(match))] == 0


def test_colours_survive(tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    picture[:, :32] = (200, 40, 60)
    picture[:, 32:] = (30, 160, 90)
    write_video(tmp_path / "clip.mp4", [picture] * 3, clicks(0.12, []))
    seen = next(iter(iter_frames(tmp_path / "clip.mp4", 25))).astype(int)
    assert np.abs(seen[:, 8:24] - (200, 40, 60)).max() <= 6
    assert np.abs(seen[:, 40:56] - (30, 160, 90)).max() <= 6


def test_same_input_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(12)]
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, pictures, clicks(0.48, [0.2]))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "no picture"),
        ([np.zeros((47, 64, 3), np.uint8)], "even"),
        ([np.zeros((48, 64, 3), np.uint8), np.zeros((48, 32, 3), np.uint8)], "picture 1"),
        ([np.zeros((48, 64, 3), np.float32)], "uint8"),
    ],
)
def test_bad_pictures_leave_nothing(tmp_path: Path, pictures: list[NDArray[np.uint8]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_video(tmp_path / "clip.mp4", pictures, clicks(0.1, []))
    assert list(tmp_path.iterdir()) == []


def test_bad_sound_and_suffix(tmp_path: Path) -> None:
    sound = clicks(0.1, [])
    sound[5] = np.nan
    with pytest.raises(InputError, match="NaN"):
        write_video(tmp_path / "clip.mp4", flashes(2, set()), sound)
    with pytest.raises(InputError, match=r"\.mp4"):
        write_video(tmp_path / "clip.avi", flashes(2, set()), clicks(0.1, []))


def test_interrupted_writing_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, flashes(5, set()), clicks(0.2, []))
    before = path.read_bytes()

    def stopped() -> Iterator[NDArray[np.uint8]]:
        yield flashes(1, set())[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(path, stopped(), clicks(0.2, []))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
