"""From a network's own rate and chunks to rows of video frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.baselines.timing import Chunks, RowTimes


@given(first=st.floats(0, 0.02), rate=st.sampled_from([25.0, 49.9, 50.0, 100.0, 125.0]), frames=st.integers(1, 200))
def test_rows_that_tell_their_time_tell_that_of_the_frame(first, rate, frames):
    times = first + np.arange(int(frames / 25 * rate) + 2) / rate
    rows = RowTimes(first, rate).at_frames(times[:, None].astype(np.float32), frames)
    np.testing.assert_allclose(rows[:, 0], (np.arange(frames) + 0.5) / 25, atol=1e-5)


def test_the_last_row_stands_for_all_after_it():
    rows = RowTimes(0.0, 50.0).at_frames(np.array([[1.0], [2.0]], dtype=np.float32), 3)
    np.testing.assert_array_equal(rows, [[2], [2], [2]])


@given(frames=st.integers(1, 60), core=st.integers(1, 20), margin=st.integers(2, 9))
def test_chunks_give_what_the_whole_gives_where_the_reach_is_within_the_margin(frames, core, margin):
    heard = []

    def encode(sound):
        heard.append(len(sound) // 640)
        loud = np.pad(sound.reshape(-1, 640).sum(axis=1), 2)
        return np.lib.stride_tricks.sliding_window_view(loud, 5) @ np.array([[1], [2], [4], [3], [5]], dtype=np.float32)

    sound = np.random.default_rng(frames).standard_normal(frames * 640).astype(np.float32)
    rows = Chunks(core, margin).rows(encode, sound, 1)
    assert max(heard) <= core + 2 * margin
    np.testing.assert_allclose(rows, encode(sound), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("frames", "parts"), [(8, 1), (9, 3)])
def test_sound_is_not_cut_without_need(frames, parts):
    count = 0

    def encode(sound):
        nonlocal count
        count += 1
        return sound[::640, None]

    Chunks(core=4, margin=2).rows(encode, np.zeros(frames * 640, dtype=np.float32), 1)
    assert count == parts
