import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.evaluation.lip_shape import landmark_distance, lip_displacement
from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT


def moving_mouth(frames: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    resting = rng.normal(0, 0.3, (40, 2))
    resting[MOUTH_LEFT], resting[MOUTH_RIGHT] = (-0.4, 0), (0.4, 0)
    return (resting + rng.normal(0, 0.02, (frames, 40, 2))).astype(np.float32)


@given(st.floats(0.2, 5), st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 99))
def test_whose_mouth_it_is_and_where_does_not_matter(size, x, y, seed):
    """A larger mouth elsewhere with another resting shape moves as much, in its own widths."""
    points = moving_mouth(seed=seed)
    other = points * size + np.array([x, y], dtype=np.float32)
    np.testing.assert_allclose(lip_displacement(other.astype(np.float32)), lip_displacement(points), atol=2e-4)


def test_the_unit_is_the_width_of_the_mouth():
    points = np.zeros((4, 40, 2), np.float32)
    points[:, MOUTH_RIGHT, 0] = 2.0
    points[::2, 5, 1] = 1.0  # half a width, half of the time
    moved = lip_displacement(points).reshape(4, 40, 2)
    np.testing.assert_allclose(moved[:, 5, 1], [0.25, -0.25, 0.25, -0.25])
    assert np.count_nonzero(moved) == 4


def test_the_distance_is_the_mean_over_points():
    one, other = np.zeros((2, 80)), np.zeros((2, 80))
    other[0, :2] = (3, 4)
    assert landmark_distance(one, other).tolist() == pytest.approx([5 / 40, 0])


def test_a_mouth_of_no_width_gives_no_infinite_numbers():
    assert np.isfinite(lip_displacement(np.zeros((3, 40, 2), np.float32))).all()
