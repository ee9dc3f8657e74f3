import numpy as np
import pytest

from pase.evaluation.clip_features import with_context
from pase.evaluation.ridge import CONTEXT, STRENGTHS, fit_ridge, score_aperture


def clips(count: int, width: int = 5, frames: int = 40, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(10 + 3 * rng.standard_normal((frames, width))).astype(np.float32) for _ in range(count)]


def test_a_planted_linear_relation_is_found():
    inputs = clips(20)
    weights = np.random.default_rng(1).standard_normal(5 * CONTEXT)
    targets = [(with_context(rows, CONTEXT) @ weights + 2).astype(np.float32) for rows in inputs]
    ridge = fit_ridge(inputs[:15], targets[:15])
    pooled, per_clip = score_aperture([ridge.predict(rows) for rows in inputs[15:]], targets[15:], seed=0)
    assert pooled.value > 0.999
    assert per_clip.value > 0.999
    np.testing.assert_allclose(ridge.predict(inputs[19]), targets[19], atol=0.1)


def test_noise_predicts_nothing_and_takes_a_strong_penalty():
    inputs = clips(120, frames=25)
    targets = [row[:, 0] for row in clips(120, seed=7, frames=25)]
    ridge = fit_ridge(inputs[:60], targets[:60])
    pooled, per_clip = score_aperture([ridge.predict(rows) for rows in inputs[60:]], targets[60:], seed=0)
    assert abs(pooled.value) < 0.1
    assert per_clip.low < 0 < per_clip.high


def test_the_solution_is_that_of_the_normal_equations():
    inputs, targets = clips(10), [rows[:, 0] ** 2 for rows in clips(10, seed=3)]
    ridge = fit_ridge(inputs, targets)
    joined = np.concatenate(inputs).astype(np.float64)
    center, scale = joined.mean(axis=0), joined.std(axis=0)
    x = np.concatenate([with_context((rows - center) / scale, CONTEXT) for rows in inputs])
    y = np.concatenate(targets).astype(np.float64)
    xc, yc = x - x.mean(axis=0), y - y.mean()
    expected = np.linalg.solve(xc.T @ xc / len(y) + ridge.strength * np.eye(x.shape[1]), xc.T @ yc / len(y))
    np.testing.assert_allclose(ridge.weights, expected, atol=1e-4)
    assert ridge.bias == pytest.approx(y.mean() - x.mean(axis=0) @ expected, abs=1e-3)


def test_the_strength_is_chosen_on_training_clips_that_are_held_out():
    """With more inputs than frames a weak penalty fits the noise; the held-out clips see that."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((20, 60)).astype(np.float32) for _ in range(10)]
    targets = [(rows[:, 0] + 2 * rng.standard_normal(20)).astype(np.float32) for rows in inputs]
    assert fit_ridge(inputs, targets).strength > STRENGTHS[1]


def test_columns_that_never_change_and_a_single_clip_are_no_trouble():
    (rows,) = clips(1)
    rows[:, 2] = 4.0
    ridge = fit_ridge([rows], [rows[:, 0]])
    assert np.isfinite(ridge.predict(rows)).all()


def test_correlations_against_numpy():
    rng = np.random.default_rng(0)
    true = [rng.standard_normal(n).astype(np.float32) + n for n in (20, 30, 25)]
    predicted = [t.astype(np.float64) + rng.standard_normal(len(t)) for t in true]
    still = np.ones(10, dtype=np.float32)  # a mouth that does not move has no correlation of its own
    pooled, per_clip = score_aperture([*predicted, np.arange(10.0)], [*true, still], seed=0)
    own = [np.corrcoef(p, t)[0, 1] for p, t in zip(predicted, true, strict=True)]
    assert per_clip.value == pytest.approx(np.mean(own))
    joined = np.concatenate([*predicted, np.arange(10.0)]), np.concatenate([*true, still])
    assert pooled.value == pytest.approx(np.corrcoef(*joined)[0, 1])
    assert pooled.low < pooled.value < pooled.high
