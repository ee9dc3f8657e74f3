import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT, lip_displacement


def mouth(motion_seed: int, shape_seed: int, frames: int = 20) -> np.ndarray:
    """A mouth with corners 0.8 apart; the second seed decides the face, the first how it moves."""
    resting = np.random.default_rng(shape_seed).normal(0, 0.3, (40, 2))
    resting[MOUTH_LEFT], resting[MOUTH_RIGHT] = (-0.4, 0), (0.4, 0)
    motion = np.random.default_rng(motion_seed).normal(0, 0.02, (frames, 40, 2))
    return (resting + motion).astype(np.float32)


@given(st.floats(0.2, 5), st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 99), st.integers(0, 99))
def test_whose_mouth_it_is_and_where_does_not_matter(size: float, x: float, y: float, motion: int, face: int) -> None:
    """A larger mouth elsewhere with another resting shape moves as much, in its own widths."""
    other = mouth(motion, face) * size + np.array([x, y], dtype=np.float32)
    np.testing.assert_allclose(
        lip_displacement(other.astype(np.float32)), lip_displacement(mouth(motion, face + 1)), atol=2e-4
    )


def test_the_unit_is_the_width_of_the_mouth() -> None:
    points = np.zeros((4, 40, 2), np.float32)
    points[:, MOUTH_RIGHT, 0] = 2.0
    points[::2, 5, 1] = 1.0  # half a width, half of the time
    moved = lip_displacement(points).reshape(4, 40, 2)
    np.testing.assert_allclose(moved[:, 5, 1], [0.25, -0.25, 0.25, -0.25])
    assert np.count_nonzero(moved) == 4


def test_a_mouth_of_no_width_gives_no_infinite_numbers() -> None:
    assert np.isfinite(lip_displacement(np.zeros((3, 40, 2), np.float32))).all()
