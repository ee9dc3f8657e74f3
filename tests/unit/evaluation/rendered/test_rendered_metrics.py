"""Measures of rendered lips against independent sums, and what must not change them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pase.evaluation.rendered.metrics import aperture, correlation, mouth_distance, mouth_jitter, mouth_width
from pase.evaluation.rendered.modules import LipCorrelation, LipLandmarkDistance


def lips(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 8, size=(frames, 40, 2)).astype(np.float32)


def test_distance_equals_plain_sums() -> None:
    one, other = lips(3), lips(3, seed=1)
    for frame, found in enumerate(mouth_distance(one, other)):
        total = 0.0
        for point in range(40):
            apart = [
                (one[frame, point, axis] - one[frame, :, axis].mean())
                - (other[frame, point, axis] - other[frame, :, axis].mean())
                for axis in (0, 1)
            ]
            total += (apart[0] ** 2 + apart[1] ** 2) ** 0.5
        assert found == pytest.approx(total / 40, rel=1e-5)


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_where_the_head_is_does_not_count(x: float, y: float) -> None:
    one, other = lips(4), lips(4, seed=1)
    moved = one + np.array([x, y], np.float32)
    np.testing.assert_allclose(mouth_distance(moved, other), mouth_distance(one, other), atol=1e-3)


def test_frames_without_a_face_are_left_out() -> None:
    one, other = lips(6), lips(6, seed=1)
    one[2], other[4] = np.nan, np.nan
    distance = mouth_distance(one, other)
    assert np.isnan(distance[[2, 4]]).all()
    whole = np.array([0, 1, 3, 5])
    metric = LipLandmarkDistance()
    metric.update(torch.from_numpy(one), torch.from_numpy(other))
    assert float(metric.compute()) == pytest.approx(mouth_distance(one[whole], other[whole]).mean())
    expected = np.corrcoef(aperture(one[whole]), aperture(other[whole]))[0, 1]
    assert correlation(aperture(one), aperture(other)) == pytest.approx(expected)
    correlated = LipCorrelation("aperture")
    correlated.update(torch.from_numpy(one), torch.from_numpy(other))
    assert float(correlated.compute()) == pytest.approx(expected, abs=1e-5)


def test_videos_add_up_frame_by_frame() -> None:
    pairs = [(lips(5, seed), lips(5, seed + 10)) for seed in range(3)]
    relative, width = LipLandmarkDistance(relative=True), LipCorrelation("width")
    for one, other in pairs:
        relative.update(torch.from_numpy(one), torch.from_numpy(other))
        width.update(torch.from_numpy(one), torch.from_numpy(other))
    all_one, all_other = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    assert float(relative.compute()) == pytest.approx(
        mouth_distance(all_one, all_other).mean() / mouth_width(all_other).mean()
    )
    expected = np.corrcoef(mouth_width(all_one), mouth_width(all_other))[0, 1]
    assert float(width.compute()) == pytest.approx(expected, abs=1e-5)


def test_lips_that_move_alike_correlate_whatever_their_size() -> None:
    one = lips(20)
    assert correlation(aperture(one), aperture(2 * one + 7)) == pytest.approx(1, abs=1e-6)
    assert np.isnan(correlation(np.ones(9), np.arange(9.0)))
    assert np.isnan(correlation(np.array([1.0, np.nan, 2.0]), np.array([1.0, 2.0, 3.0])))


def test_jitter_is_that_of_silence_alone() -> None:
    still = np.repeat(lips(1), 8, axis=0)
    still[4, 3] += 40  # the mouth moves once, and back
    silent = np.ones(8, dtype=bool)
    assert mouth_jitter(still, silent).sum() > 0
    silent[4] = False
    np.testing.assert_array_equal(mouth_jitter(still, silent), np.zeros(5))


def test_points_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        mouth_distance(lips(3), lips(4))
    with pytest.raises(ValueError, match="aperture or width"):
        LipCorrelation("height")
