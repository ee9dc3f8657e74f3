"""What foreign representations are given, and what is let through of what they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.baselines.base import CheckedFeatures, SpeechFeatures
from pase.errors import InputError

from .conftest import Loudness


def checked(inside) -> CheckedFeatures:
    return CheckedFeatures(inside, inside.name, inside.width)


@given(samples=st.integers(0, 5000), frames=st.integers(1, 9), dtype=st.sampled_from([np.float32, np.float64]))
def test_sound_of_any_length_is_made_as_long_as_the_picture(samples, frames, dtype):
    sound = np.full(2 * samples, 0.5, dtype=dtype)[::2]  # not contiguous
    rows = checked(Loudness()).rows(sound, frames)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows[:, 1], frames * 640)
    expected = np.clip(samples - 640 * np.arange(frames), 0, 640) * 0.5 / 640
    np.testing.assert_allclose(rows[:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("sound", "frames", "found"),
    [
        (np.zeros(640, dtype=np.float32), 0, "0 video frames"),
        (np.zeros((2, 640), dtype=np.float32), 1, r"\(2, 640\)"),
        (np.zeros(640, dtype=np.int16), 1, "int16"),
        (np.array([0, np.nan], dtype=np.float32), 1, "number 1"),
    ],
)
def test_sound_that_cannot_be_meant_is_refused(loudness, sound, frames, found):
    with pytest.raises(InputError, match=found):
        checked(loudness).rows(sound, frames)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (np.zeros((2, 2), dtype=np.float32), r"\(2, 2\), expected \(3, 2\)"),
        (np.array([[0, 0], [0, np.nan], [np.inf, 0]]), "frame 1"),
    ],
)
def test_rows_that_break_the_promise_are_refused_with_the_name(loudness, rows, found):
    loudness.rows = lambda *_: rows
    with pytest.raises(InputError, match=f"loudness gave .*{found}"):
        checked(loudness).rows(np.zeros(1920, dtype=np.float32), 3)


def test_a_checked_representation_is_one_itself(loudness):
    assert isinstance(checked(loudness), SpeechFeatures)
