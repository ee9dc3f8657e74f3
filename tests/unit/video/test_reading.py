"""Reading frames by time."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.odd_clips import Film, Sound, damage_packet, faces, film, mux
from tests.raw_clips import noise

from pase.errors import UnusableClipError
from pase.video.reading import first_picture, iter_frames


def steady(rate: int | Fraction, count: int, start: Fraction = Fraction(0)) -> list[Fraction]:
    return [start + number / Fraction(rate) for number in range(count)]


def numbers(path: Path, rate: int = 25) -> list[int]:
    """Which of the written pictures each frame is."""
    corners = [(picture[-8:, :8].mean(), picture[-8:, -8:].mean()) for picture in iter_frames(path, rate)]
    return [round((tens - 20) / 10) * 20 + round((ones - 20) / 10) for tens, ones in corners]


def shown_at(times: list[Fraction], end: Fraction, rate: int = 25) -> list[int]:
    """Independent reference: the last picture that has appeared at the middle of each frame."""
    wanted = [(number + Fraction(1, 2)) / rate for number in range(1000)]
    return [max(k for k, time in enumerate(times) if time - times[0] <= moment) for moment in wanted if moment < end]


def test_25_frames_a_second_stay_one_by_one(write_video) -> None:
    assert numbers(write_video(steady(25, 30))) == list(range(30))


@pytest.mark.parametrize("rate", [12, 15, 24, 30, 50, 60, Fraction(30000, 1001)])
def test_other_rates_are_resampled_by_time(write_video, rate) -> None:
    count = int(2 * rate)
    times = [Fraction(round(time * 12_000), 12_000) for time in steady(rate, count)]
    end = count / Fraction(rate)
    assert numbers(write_video(times)) == shown_at(times, end)


def test_pictures_at_uneven_times(write_video) -> None:
    times = [Fraction(t, 100) for t in (0, 3, 20, 21, 22, 60, 61, 100)]
    found = numbers(write_video(times))
    expected = shown_at(times, Fraction(1))
    assert found[: len(expected)] == expected


def test_time_starts_with_the_first_picture(write_video) -> None:
    path = write_video(steady(25, 10, start=Fraction(1, 2)), "late.mkv")
    first = first_picture(path)
    assert first.pts * first.time_base == Fraction(1, 2)
    assert numbers(path) == list(range(10))


def test_pictures_are_contiguous_whatever_their_width(write_video) -> None:
    picture = next(iter(iter_frames(write_video(steady(25, 3), size=(66, 50)), 25)))
    assert picture.shape == (50, 66, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


@pytest.mark.parametrize(
    ("matrix", "bright"),
    # Rows of the display matrix (16.16 fixed point) and the corner in which the bright quarter is to be seen.
    [((0, 1, -1, 0), "top right"), ((0, -1, 1, 0), "bottom left"), ((-1, 0, 0, -1), "bottom right")],
)
def test_rotation_metadata_of_phones_is_applied(write_video, matrix, bright) -> None:
    path = write_video(steady(25, 3))
    data = bytearray(path.read_bytes())
    begin = data.index(b"tkhd") + 44
    for offset, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[begin + offset : begin + offset + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    picture = next(iter(iter_frames(path, 25)))[..., 0].astype(int)
    height, width = picture.shape
    assert (height > width) == (matrix[0] == 0)
    rows = slice(None, height // 2) if "top" in bright else slice(height // 2, None)
    columns = slice(None, width // 2) if "left" in bright else slice(width // 2, None)
    assert picture[rows, columns].mean() > 200
    assert picture.mean() < 120


def test_gap_in_the_picture(write_video) -> None:
    path = write_video([*steady(25, 5), *steady(25, 5, start=Fraction(3))])
    with pytest.raises(UnusableClipError, match=r"no picture from 0\.16 s to 3\.00 s") as caught:
        numbers(path)
    assert caught.value.reason == "picture_gap"


def test_truncated_file_with_its_index_in_front(write_video) -> None:
    path = write_video(steady(25, 100), options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(UnusableClipError) as caught:
        numbers(path)
    assert caught.value.reason in ("truncated", "undecodable")


def test_truncated_file_that_lost_its_index(write_video) -> None:
    path = write_video(steady(25, 100))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(UnusableClipError, match="Is the file whole") as caught:
        numbers(path)
    assert caught.value.reason == "undecodable"


def test_truncated_file_that_tells_its_length_in_front(write_video) -> None:
    path = write_video(steady(25, 100), "clip.mkv")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(UnusableClipError, match=r"announces 4\.00 s of video and ends after [12]\.\d\d s") as caught:
        numbers(path)
    assert caught.value.reason == "truncated"


def test_damage_in_the_middle(tmp_path: Path) -> None:
    path = mux(tmp_path / "clip.mp4", film(codec="mpeg4"))
    damage_packet(path, "video", 10)
    with pytest.raises(UnusableClipError, match=r"clip\.mp4 is damaged at 0\.40 s") as caught:
        list(iter_frames(path, 25))
    assert caught.value.reason == "undecodable"


def test_a_list_of_other_files_is_no_video(write_video, tmp_path: Path) -> None:
    write_video(steady(25, 5), "other.mp4")
    (tmp_path / "clip.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(UnusableClipError, match="list of other files"):
        numbers(tmp_path / "clip.mp4")


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = mux(tmp_path / "clip.mp4", Film(faces(1), steady(25, 1), "mjpeg", "yuvj420p", cover=True), Sound(noise(25)))
    with pytest.raises(UnusableClipError, match="only a cover picture") as caught:
        numbers(path)
    assert caught.value.reason == "no_picture"


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(UnusableClipError, match=r"clip\.mp4"):
        numbers(path)


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(UnusableClipError, match="does not exist"):
        numbers(tmp_path / "absent.mp4")
