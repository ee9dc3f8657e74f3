import numpy as np
import pytest

from pase.evaluation.context import with_context
from pase.evaluation.ridge import CONTEXT, STRENGTHS, fit_ridge


def clips(count: int, width: int = 5, frames: int = 40, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(10 + 3 * rng.standard_normal((frames, width))).astype(np.float32) for _ in range(count)]


def test_a_planted_linear_relation_is_found():
    inputs = clips(20)
    weights = np.random.default_rng(1).standard_normal(5 * CONTEXT)
    targets = [(with_context(rows, CONTEXT) @ weights + 2).astype(np.float32)[:, None] for rows in inputs]
    ridge = fit_ridge(inputs[:15], targets[:15])
    np.testing.assert_allclose(ridge.predict(inputs[19]), targets[19], atol=0.1)
    assert targets[19].std() > 1


def test_every_target_has_a_strength_of_its_own():
    """Of one target everything can be known, of the other nothing: the second is better not believed."""
    inputs = clips(60, frames=25)
    noise = [rows[:, :1] for rows in clips(60, seed=7, frames=25)]
    targets = [np.concatenate([rows[:, :1], other], axis=1) for rows, other in zip(inputs, noise, strict=True)]
    ridge = fit_ridge(inputs, targets)
    assert ridge.strengths[0] < ridge.strengths[1]
    alone = fit_ridge(inputs, [target[:, 1:] for target in targets])
    np.testing.assert_allclose(ridge.weights[:, 1:], alone.weights, atol=1e-5)
    assert ridge.predict(inputs[0])[:, 1].std() < 0.5 * noise[0].std()


def test_the_solution_is_that_of_the_normal_equations():
    inputs, targets = clips(10), [rows[:, :1] ** 2 for rows in clips(10, seed=3)]
    ridge = fit_ridge(inputs, targets)
    joined = np.concatenate(inputs).astype(np.float64)
    center, scale = joined.mean(axis=0), joined.std(axis=0)
    x = np.concatenate([with_context((rows - center) / scale, CONTEXT) for rows in inputs])
    y = np.concatenate(targets)[:, 0].astype(np.float64)
    xc, yc = x - x.mean(axis=0), y - y.mean()
    expected = np.linalg.solve(xc.T @ xc / len(y) + ridge.strengths[0] * np.eye(x.shape[1]), xc.T @ yc / len(y))
    np.testing.assert_allclose(ridge.weights[:, 0], expected, atol=1e-3)
    assert ridge.bias[0] == pytest.approx(y.mean() - x.mean(axis=0) @ expected, abs=1e-3)


def test_the_strength_is_chosen_on_training_clips_that_are_held_out():
    """With more inputs than frames a weak penalty fits the noise; the held-out clips see that."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((20, 60)).astype(np.float32) for _ in range(10)]
    targets = [(rows[:, :1] + 2 * rng.standard_normal((20, 1))).astype(np.float32) for rows in inputs]
    assert fit_ridge(inputs, targets).strengths[0] > STRENGTHS[1]


def test_columns_that_never_change_and_a_single_clip_are_no_trouble():
    (rows,) = clips(1)
    rows[:, 2] = 4.0
    ridge = fit_ridge([rows], [rows[:, :1]])
    assert np.isfinite(ridge.predict(rows)).all()
