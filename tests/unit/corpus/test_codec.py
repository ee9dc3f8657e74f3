"""Sound, lip crops and lip points as bytes."""

import functools
import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.corpus.codec import (
    decode_lips,
    decode_points,
    decode_sound,
    encode_lips,
    encode_points,
    encode_sound,
)
from pase.errors import InputError


@settings(max_examples=20, deadline=None)
@given(length=st.integers(1, 20_000), seed=st.integers(0, 100))
def test_sound_of_any_length(length: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1.2, 1.2, length).astype(np.float32)
    decoded = decode_sound(encode_sound(waveform))
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, np.clip(waveform, -1, 32767 / 32768), atol=0.51 / 32768)


@pytest.mark.parametrize("frames", [1, 2, 75, 300])
def test_every_lip_crop_comes_back(frames: int) -> None:
    shade = (40 + 150 * np.arange(frames) / frames).astype(np.uint8)
    lips = np.broadcast_to(shade[:, None, None, None], (frames, 96, 96, 3)).copy()
    decoded = decode_lips(encode_lips(lips))
    assert decoded.shape == lips.shape
    assert np.abs(decoded.mean(axis=(1, 2, 3)) - shade).max() < 2


def test_fine_colour_survives() -> None:
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 200, (24, 24, 3))
    lips = np.repeat(colours.repeat(4, axis=0).repeat(4, axis=1)[None], 5, axis=0).astype(np.uint8)
    error = decode_lips(encode_lips(lips)).astype(float) - lips
    assert np.sqrt((error**2).mean()) < 4  # chroma at half resolution gives 7.6


def test_points() -> None:
    points = np.random.default_rng(0).uniform(-0.6, 0.6, (9, 40, 2)).astype(np.float32)
    decoded = decode_points(encode_points(points))
    assert decoded.dtype == np.float32
    assert np.abs(decoded - points).max() * 96 / 1.1 < 0.05  # pixels


def other_sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(b"\0" * 4000)
    return buffer.getvalue()


def array(value: np.ndarray, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=allow_pickle)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("decode", "data"),
    [
        (decode_sound, b""),
        (decode_sound, b"noise" * 50),
        (decode_sound, other_sound()),
        (decode_lips, b""),
        (decode_lips, b"noise" * 50),
        (decode_lips, encode_sound(np.zeros(100, dtype=np.float32))),
        (decode_points, b""),
        (decode_points, b"noise" * 50),
        (decode_points, array(np.zeros((3, 40, 2)))),
        (decode_points, array(np.zeros((3, 39, 2), dtype=np.float16))),
        (decode_points, array(np.array([{}], dtype=object), allow_pickle=True)),
    ],
)
def test_other_bytes_are_refused(decode, data: bytes) -> None:
    with pytest.raises(InputError):
        decode(data)


@pytest.fixture(scope="module")
def long_clip() -> bytes:
    """Two hundred frames of moving texture, with key frames between."""
    rng = np.random.default_rng(1)
    texture = rng.integers(30, 220, (130, 130, 3)).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    return encode_lips(np.stack([texture[n % 140 : n % 140 + 96, n // 2 : n // 2 + 96] for n in range(200)]))


decode_whole = functools.cache(decode_lips)


@settings(max_examples=40, deadline=None)
@given(start=st.integers(0, 230), stop=st.none() | st.integers(0, 230))
def test_a_window_equals_the_same_frames_of_the_whole(long_clip: bytes, start: int, stop: int | None) -> None:
    np.testing.assert_array_equal(decode_lips(long_clip, start, stop), decode_whole(long_clip)[start:stop])


def test_frames_before_the_key_frame_of_a_window_are_not_needed(long_clip: bytes) -> None:
    damaged = bytearray(long_clip)
    first = long_clip.index(b"mdat") + 8
    damaged[first : first + 4000] = b"\xff" * 4000  # within the first two seconds
    np.testing.assert_array_equal(decode_lips(bytes(damaged), 120, 160), decode_lips(long_clip)[120:160])


def test_windows_are_counted_from_zero(long_clip: bytes) -> None:
    with pytest.raises(InputError, match="counted from 0"):
        decode_lips(long_clip, -5)
