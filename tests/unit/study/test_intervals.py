"""Means over seeds, on numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.study.intervals import paired_difference, seed_mean


def test_three_seeds_by_hand() -> None:
    found = seed_mean([1.0, 2.0, 3.0])  # standard deviation 1, t = 4.303 with 2 degrees of freedom
    assert (found.value, found.seeds) == (2.0, 3)
    assert found.high - 2 == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert 2 - found.low == pytest.approx(found.high - 2)


def test_one_seed_has_no_interval_and_excludes_nothing() -> None:
    found = seed_mean([5.0])
    assert (found.value, found.seeds) == (5.0, 1)
    assert math.isnan(found.low)
    assert not found.excludes_zero


def test_pairs_remove_what_seeds_share() -> None:
    base = {0: 0.1, 1: 0.5, 2: 0.9}
    row = {0: 0.2, 1: 0.61, 2: 0.99, 5: 0.0}
    found = paired_difference(row, base)
    assert found is not None
    assert found.seeds == 3
    assert found.value == pytest.approx(0.1)
    assert found.excludes_zero
    assert not seed_mean([row[seed] for seed in base]).low > seed_mean(list(base.values())).high


def test_without_a_common_seed_there_is_no_difference() -> None:
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), st.floats(-1e6, 1e6))
def test_intervals_hold_their_mean_and_move_with_the_values(values: list[float], shift: float) -> None:
    found, moved = seed_mean(values), seed_mean([value + shift for value in values])
    assert found.low <= found.value <= found.high
    assert moved.value - found.value == pytest.approx(shift, abs=1e-6)
    assert moved.high - moved.low == pytest.approx(found.high - found.low, abs=1e-5, rel=1e-6)
