from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.inference.track import FeatureTrack
from pase_adapters.gate import SilenceGate
from pase_adapters.layout import count_rows, feature_scale, make_rows
from pase_adapters.renderers.er_nerf import SPEC
from pase_adapters.spec import RowLayout

LAYOUT = SPEC.slot("hubert").layout


def noise_track(samples: int, width: int) -> FeatureTrack:
    states = np.random.default_rng(samples).normal(size=(samples // 128 + 1, width)).astype(np.float32)
    return FeatureTrack(states, 125, samples / 16000)


@given(st.integers(1, 16_000 * 60 * 60))
def test_rows_are_the_frames_that_begin_within_the_sound(samples: int) -> None:
    assert count_rows(samples / 16000, LAYOUT) == -(-samples // 640)


@given(samples=st.integers(0, 20_000), width=st.integers(1, 20), offset=st.integers(-20, 3), step=st.integers(1, 4))
def test_every_cell_by_its_definition(samples: int, width: int, offset: int, step: int) -> None:
    layout = RowLayout(25, 25 * step, columns=5, first_column=offset, width=20)
    track = noise_track(samples, width)
    rows = count_rows(track.duration, layout) + 2
    made = make_rows(track, layout, 0, rows)
    assert made.shape == (rows, 5, 20)
    for row in range(rows):
        for column in range(5):
            short_frame = step * row + offset + column
            expected = track.at([(short_frame + 0.5) / (25 * step)])[0] * np.float32(np.sqrt(20 / width))
            np.testing.assert_allclose(made[row, column, :width], expected, rtol=1e-5, atol=1e-7)
    assert not made[:, :, width:].any()


@given(samples=st.integers(2560, 40_000), cut=st.integers(0, 70))
def test_any_cutting_into_blocks_gives_the_same_rows(samples: int, cut: int) -> None:
    track = noise_track(samples, 3)
    rows = count_rows(track.duration, LAYOUT)
    cut = min(cut, rows)
    whole = make_rows(track, LAYOUT, 0, rows)
    parts = np.concatenate([make_rows(track, LAYOUT, 0, cut), make_rows(track, LAYOUT, cut, rows)])
    np.testing.assert_array_equal(whole, parts)


def test_columns_lie_evenly_about_the_start_of_the_frame() -> None:
    """Features that tell the time: each row's mean is the moment at which its video frame begins."""
    time = (np.arange(126) / 125).astype(np.float32)[:, None]
    rows = make_rows(FeatureTrack(time, 125, 1.0), LAYOUT, 4, 21)[:, :, 0] / feature_scale(1, LAYOUT)
    np.testing.assert_allclose(rows.mean(axis=1), np.arange(4, 21) / 25, atol=1e-6)
    np.testing.assert_allclose(np.diff(rows, axis=1), 0.02, atol=1e-6)


def test_all_short_frames_are_smoothed_alike() -> None:
    """Sampled in their middles, 20 ms frames of 125 Hz states all weigh their two neighbours 3:1 or 1:3."""
    noise = np.random.default_rng(0).normal(size=(125 * 200 + 1, 1)).astype(np.float32)
    rows = make_rows(FeatureTrack(noise, 125, 200.0), LAYOUT, 10, 4990)[:, :, 0] / feature_scale(1, LAYOUT)
    np.testing.assert_allclose(rows.std(axis=0), np.sqrt(0.75**2 + 0.25**2), rtol=0.05)


@pytest.mark.parametrize(("width", "scale"), [(1024, 1.0), (256, 2.0), (1, 32.0)])
def test_scale(width: int, scale: float) -> None:
    assert feature_scale(width, LAYOUT) == scale


def test_too_wide_features_are_refused() -> None:
    with pytest.raises(InputError, match="width 1025"):
        make_rows(noise_track(16000, 1025), LAYOUT, 0, 1)


def test_features_that_are_not_finite_are_refused() -> None:
    track = noise_track(16000, 4)
    track.states[61, 2] = np.nan  # at 0.488 s; next to it is the middle of a 20 ms frame, at 0.490 s
    with pytest.raises(InputError, match=r"NaN or infinity at 0\.490 s"):
        make_rows(track, LAYOUT, 0, 25)


@example(samples=1, fps=60, start=0, columns=13)  # a moment at 0, give or take a rounding error
@given(
    samples=st.integers(0, 30_000),
    fps=st.sampled_from([24000 / 1001, 25, 30000 / 1001, 30, 50, 60]),
    start=st.integers(0, 30),
    columns=st.integers(1, 17),
)
def test_every_cell_at_any_frame_rate(samples: int, fps: float, start: int, columns: int) -> None:
    layout = RowLayout(fps, 50, columns, first_column=-columns // 2, width=None)
    track = noise_track(samples, 3)
    made = make_rows(track, layout, start, start + 5)
    assert made.shape == (5, columns, 3)
    for row in range(5):
        begin = (start + row) / fps + layout.first_column / 50
        expected = track.at((begin + (np.arange(columns) + 0.5) / 50).round(9))
        np.testing.assert_allclose(made[row], expected, atol=1e-5)


def test_a_flat_layout_has_no_axis_for_columns() -> None:
    layout = RowLayout(25, 50, 1, first_column=0, width=6, flat=True)
    rows = make_rows(noise_track(16_000, 3), layout, 0, 25)
    assert rows.shape == (25, 6)
    upright = make_rows(noise_track(16_000, 3), replace(layout, flat=False), 0, 25)
    np.testing.assert_array_equal(rows, upright[:, 0])


def test_the_gate_fades_every_cell_by_its_moment() -> None:
    ramp = SilenceGate(np.linspace(0, 1, 51, dtype=np.float32), 50.0)
    ones = FeatureTrack(np.ones((126, 2), np.float32), 125, 1.0)
    rows = make_rows(ones, RowLayout(25, 50, 2, 0, None), 0, 25, ramp)
    np.testing.assert_allclose(rows[:, :, 0].ravel(), np.arange(50) / 50, atol=1e-6)


def test_no_rows() -> None:
    assert make_rows(noise_track(16000, 4), LAYOUT, 3, 3).shape == (0, 16, 1024)
