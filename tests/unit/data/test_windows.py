from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.corpus.clip import ClipRecord
from pase.data.windows import Window, WindowConfig
from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN

FRAMES = 50


@pytest.fixture
def record() -> ClipRecord:
    phones = PhoneTrack((PhoneInterval("AA", 0.0, 1.0), PhoneInterval("B", 1.0, 2.0)))
    return ClipRecord("c", "s", "train", FRAMES, FRAMES * 640, "", phones, "", "c.mp4")


@pytest.fixture
def rising_sound() -> np.ndarray:
    """The sound in the middle of frame i is i / 100."""
    return ((np.arange(FRAMES * 640) - 320) / 640 / 100).astype(np.float32)


def heard(window: Window, sound: np.ndarray, config: WindowConfig) -> np.ndarray:
    """Which frame of the clip is heard in the middle of each frame of the window."""
    return window.sound(sound, config).reshape(-1, 640)[:, 320] * 100


def test_sound_picture_and_phones_agree(record: ClipRecord, rising_sound: np.ndarray) -> None:
    config = WindowConfig(context=3, tail=2)
    for start in range(0, FRAMES - 8):
        window = Window(8, start)
        assert window.pictures(FRAMES)[2:-2].tolist() == list(range(start, start + 8))
        expected = np.arange(start - 3, start + 10)
        expected[(expected < 0) | (expected >= FRAMES)] = 0
        np.testing.assert_allclose(heard(window, rising_sound, config), expected, atol=0.01)
        names = np.where(np.arange(start, start + 8) < 25, PHONE_INDEX["AA"], PHONE_INDEX["B"])
        assert window.labels(record).tolist() == names.tolist()


def test_the_margin_repeats_the_clips_ends() -> None:
    assert Window(6).pictures(FRAMES).tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]
    assert Window(6, FRAMES - 6).pictures(FRAMES)[-3:].tolist() == [49, 49, 49]


@given(speed=st.floats(1, 1.9), clip_frames=st.integers(12, FRAMES), seed=st.integers(0, 2**63 - 1))
def test_speed_changes_sound_and_picture_alike(speed: float, clip_frames: int, seed: int) -> None:
    window = Window.draw(clip_frames, 12, WindowConfig(speed=speed), np.random.default_rng(seed))
    sound = ((np.arange(FRAMES * 640) - 320) / 640 / 100).astype(np.float32)
    frames = heard(window, sound, WindowConfig(context=0, tail=0))
    seen = window.pictures(clip_frames)[2:-2]
    assert np.abs(frames - window.middles + 0.5).max() < 0.01 + window.speed / 640
    assert np.abs(frames - seen).max() <= 1.01
    assert 1 / speed - 1e-9 <= window.speed <= speed + 1e-9


@given(speed=st.floats(1, 1.9), frames=st.integers(1, 100), spare=st.integers(0, 30), seed=st.integers(0, 2**63 - 1))
def test_a_clip_that_is_long_enough_fills_the_window(speed: float, frames: int, spare: int, seed: int) -> None:
    window = Window.draw(frames + spare, frames, WindowConfig(speed=speed), np.random.default_rng(seed))
    assert window.start >= 0
    assert window.middles[-1] < frames + spare


def test_places_reach_from_the_first_frame_to_the_last() -> None:
    starts = {Window.draw(10, 6, WindowConfig(speed=1.0), np.random.default_rng(seed)).start for seed in range(200)}
    assert starts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("start", [-40, 0, 30, 60])
def test_the_sound_at_another_speed_is_interpolated(start: int) -> None:
    sound = np.random.default_rng(0).standard_normal(FRAMES * 640).astype(np.float32)
    window, config = Window(10, start, 1.1), WindowConfig(context=4, tail=2)
    position = (start - 4 * 1.1) * 640 + np.arange(16 * 640) * 1.1
    padded = np.pad(sound, 1)  # silence beyond the ends
    expected = np.interp(position, np.arange(-1, len(sound) + 1), padded, left=0, right=0)
    np.testing.assert_allclose(window.sound(sound, config), expected, atol=1e-4)


@given(start=st.integers(0, 60), speed=st.floats(0.5, 2), context=st.integers(0, 30), tail=st.integers(0, 5))
def test_the_sound_beyond_its_end_is_not_needed(start: int, speed: float, context: int, tail: int) -> None:
    sound = np.random.default_rng(0).standard_normal(FRAMES * 640).astype(np.float32)
    window, config = Window(10, start, speed), WindowConfig(context=context, tail=tail)
    known = sound[: window.sound_end(config)]
    assert np.array_equal(window.sound(known, config), window.sound(sound, config))


def test_unknown_phones(record: ClipRecord) -> None:
    assert (Window(8).labels(replace(record, phones=None)) == UNKNOWN).all()


def test_lengths_are_sorted_and_single() -> None:
    assert WindowConfig(frames=20).lengths == (20,)
    assert WindowConfig(frames=[72, 20, 40, 20]).lengths == (20, 40, 72)


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"frames": []}, {"frames": [20, -1]}, {"tail": -1}, {"speed": 0.9}])
def test_windows_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="speed" if "speed" in wrong else "at least one frame"):
        WindowConfig(**wrong)  # type: ignore[arg-type]
