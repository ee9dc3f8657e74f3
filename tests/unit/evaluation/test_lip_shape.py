import numpy as np
import pytest

from pase.evaluation.lip_shape import landmark_distance


def test_the_distance_is_the_mean_over_points():
    one, other = np.zeros((2, 80)), np.zeros((2, 80))
    other[0, :2] = (3, 4)
    assert landmark_distance(one, other).tolist() == pytest.approx([5 / 40, 0])
