import math

import numpy as np
import pytest

from pase.evaluation.bootstrap import balanced_accuracy, bootstrap, correlation, correlation_sums, f1, ratio


def test_the_interval_contains_the_mean_and_is_as_wide_as_theory_says():
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, 400)
    found = bootstrap(np.stack([values, np.ones(400)], axis=1), ratio, seed=0)
    assert found.value == pytest.approx(values.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert found.clips == 400


def test_clips_are_drawn_whole():
    """Ten clips of 100 equal frames say no more than ten frames would."""
    shares = np.array([[100 * hit, 100] for hit in (0, 1) * 5])
    single = bootstrap(shares / 100, ratio, seed=0)
    assert bootstrap(shares, ratio, seed=0) == single
    assert single.high - single.low > 0.4


def test_the_same_seed_gives_the_same_interval():
    sums = np.random.default_rng(0).uniform(size=(20, 2))
    assert bootstrap(sums, ratio, 3) == bootstrap(sums, ratio, 3)
    assert bootstrap(sums, ratio, 3) != bootstrap(sums, ratio, 4)


def test_pooled_correlation_is_that_of_all_frames():
    rng = np.random.default_rng(1)
    clips = [(x := rng.standard_normal(n), x + rng.standard_normal(n) + n) for n in (30, 50, 20)]
    sums = np.array([correlation_sums(x, y) for x, y in clips])
    expected = np.corrcoef(*(np.concatenate(part) for part in zip(*clips, strict=True)))[0, 1]
    assert bootstrap(sums, correlation, 0).value == pytest.approx(expected)


def test_balanced_accuracy_is_the_mean_recall_of_classes_that_occur():
    sums = np.array([[9.0, 1.0, 0.0, 10.0, 2.0, 0.0]])  # recalls .9 and .5; the third class does not occur
    assert balanced_accuracy(sums)[0] == pytest.approx(0.7)


def test_f1_is_zero_where_nothing_is_found_and_unknown_where_there_is_nothing_to_find():
    sums = [[3.0, 4.0, 3.0, 6.0], [0.0, 4.0, 0.0, 0.0], [0.0, 4.0, 0.0, 6.0], [0.0, 0.0, 0.0, 6.0]]
    with np.errstate(invalid="ignore"):
        found = f1(np.array(sums))
    assert found[:3].tolist() == pytest.approx([2 * 0.75 * 0.5 / 1.25, 0, 0])
    assert math.isnan(found[3])
    assert math.isnan(bootstrap(sums[3:] * 3, f1, 0).value)


def test_little_or_nothing_gives_no_interval():
    nothing = bootstrap(np.zeros((0, 2)), ratio, 0)
    assert math.isnan(nothing.value)
    assert nothing.clips == 0
    assert str(nothing) == "-"
    few = bootstrap([[0, 2], [1, 2], [2, 2], [1, 2]], ratio, 0)
    assert few.value == 0.5
    assert math.isnan(few.low)
    assert str(few) == "0.500"
    enough = bootstrap([[0, 2], [1, 2], [2, 2], [1, 2], [1, 2]], ratio, 0)
    assert enough.low < enough.value < enough.high
    assert bootstrap([[1, 2], [0, 0]], ratio, 0).clips == 1, "a clip without tokens does not count"
