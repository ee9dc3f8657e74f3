import math

import numpy as np
import pytest

from pase.evaluation.interval import Interval, half_width, student_t


@pytest.mark.parametrize("freedom", [1, 2, 5, 13, 30])
def test_quantiles_against_an_integral(freedom: int) -> None:
    x = np.linspace(0, student_t(freedom), 200_001)
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    density = constant * (1 + x**2 / freedom) ** (-(freedom + 1) / 2)
    assert float(np.trapezoid(density, x)) == pytest.approx(0.475, abs=2e-4)


def test_many_values_have_at_least_the_width_of_the_normal_distribution() -> None:
    assert student_t(1000) == student_t(30) > 1.96


def test_the_width_of_three_values_by_hand() -> None:
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert math.isnan(half_width([1.0]))


def test_what_is_not_known_is_not_written() -> None:
    assert Interval(0.5, 0.25, 0.75).text(2) == "0.50 (0.25 … 0.75)"
    assert Interval(0.5, -0.25, 0.75).text(1, "+") == "+0.5 (-0.2 … +0.8)"
    assert Interval(0.5, math.nan, math.nan).text(2) == "0.50"
    assert Interval(math.nan, math.nan, math.nan).text(2) == "-"


def test_zero_lies_outside_or_not() -> None:
    found = [Interval(0.0, low, high).excludes_zero for low, high in ((1, 2), (-2, -1), (-1, 1), (math.nan, math.nan))]
    assert found == [True, True, False, False]
