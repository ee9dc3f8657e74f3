import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.evaluation.bootstrap import Estimate, balanced_accuracy, bootstrap, ratio
from pase.evaluation.probe import CLASSES, Probe, ProbeConfig, fit_probes, probe_sums, targets_of
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN, VISEME_NAMES

FAST = ProbeConfig(steps=300, batch_size=128)
USED = 8


def labelled(count: int, planted: bool, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Clips whose rows show the phone, or nothing, at a scale and offset that standardisation must undo."""
    rng = np.random.default_rng(seed)
    codes = np.random.default_rng(99).standard_normal((USED, 12))
    rows, labels = [], []
    for _ in range(count):
        own = rng.integers(0, USED, 40)
        noise = rng.standard_normal((40, 12))
        rows.append((5 + 100 * (codes[own] * 2 + 0.3 * noise if planted else noise)).astype(np.float32))
        labels.append(own)
    return rows, labels


def score_probe(found, true, classes: int, seed: int) -> tuple[Estimate, Estimate]:
    sums = [probe_sums(f, t, classes) for f, t in zip(found, true, strict=True)]
    plain, balanced = (np.array(columns) for columns in zip(*sums, strict=True))
    return bootstrap(plain, ratio, seed), bootstrap(balanced, balanced_accuracy, seed)


def accuracy(probe: Probe, rows, labels, target="phone"):
    return score_probe(
        [probe.predict(r) for r in rows], [targets_of(own)[target] for own in labels], CLASSES[target], 0
    )


def test_planted_phones_are_found():
    rows, labels = labelled(40, planted=True)
    probes = fit_probes(rows[:30], labels[:30], FAST, seed=0)
    for target in CLASSES:
        plain, balanced = accuracy(probes[target], rows[30:], labels[30:], target)
        assert plain.value > 0.98
        assert balanced.value > 0.98


def test_random_rows_give_chance():
    rows, labels = labelled(120, planted=False)
    plain, balanced = accuracy(fit_probes(rows[:60], labels[:60], FAST, seed=0)["phone"], rows[60:], labels[60:])
    assert plain.low < 1 / USED < plain.high
    assert balanced.value == pytest.approx(1 / USED, abs=0.03)


def test_context_sees_what_a_single_frame_does_not():
    rng = np.random.default_rng(0)
    rows = [rng.standard_normal((40, 3)).astype(np.float32) for _ in range(30)]
    labels = [(np.roll(own[:, 0], 2) > 0).astype(np.int64) for own in rows]  # decided two frames earlier
    single = accuracy(fit_probes(rows, labels, FAST, seed=0)["phone"], rows, labels)[0]
    wide = accuracy(fit_probes(rows, labels, ProbeConfig(8, 300, 128), seed=0)["phone"], rows, labels)[0]
    assert single.value < 0.6
    assert wide.value > 0.85


def test_the_loss_is_really_minimised():
    """At the optimum, the gradient of cross-entropy and penalty together is zero; computed here by numpy alone."""
    rows, labels = labelled(30, planted=True)
    noisy = [r + 150 * np.random.default_rng(5).standard_normal(r.shape).astype(np.float32) for r in rows]
    probe = fit_probes(noisy, labels, ProbeConfig(steps=600, batch_size=256), seed=0)["phone"]
    fitted = [i for i in range(30) if i % 5]
    x = np.concatenate([(noisy[i] - probe.center) / probe.scale for i in fitted])
    y = np.eye(CLASSES["phone"])[np.concatenate([labels[i] for i in fitted])]
    scores = x @ probe.weights + probe.bias
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    gradient = x.T @ (p - y) / len(x) + probe.strength * probe.weights
    assert np.abs(gradient).max() < 0.025
    assert np.abs(x.T @ (1 / len(y[0]) - y) / len(x)).max() > 0.05, "at the start it was not"


def test_the_same_seed_gives_the_same_probe():
    rows, labels = labelled(10, planted=True)
    short = ProbeConfig(steps=20, batch_size=32)
    first, second, other = (fit_probes(rows, labels, short, seed)["viseme"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert not np.array_equal(first.weights, other.weights)


def test_unknown_frames_neither_teach_nor_count():
    rows, labels = labelled(20, planted=True)
    masked = [np.where(np.arange(40) % 2, own, UNKNOWN) for own in labels]
    probe = fit_probes(rows, masked, FAST, seed=0)["phone"]
    plain, _ = score_probe([probe.predict(r) for r in rows], masked, CLASSES["phone"], 0)
    assert plain.value > 0.95
    spoiled = [np.where(own == UNKNOWN, -5, probe.predict(r)) for own, r in zip(masked, rows, strict=True)]
    assert score_probe(spoiled, masked, CLASSES["phone"], 0)[0] == plain


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(-1, 13), min_size=1, max_size=20), min_size=1, max_size=5), st.integers(0, 99))
def test_scores_against_plain_counting(clips, seed):
    rng = np.random.default_rng(seed)
    true = [np.array(own) for own in clips]
    found = [np.where(rng.random(len(own)) < 0.5, own, rng.integers(0, 14, len(own))) for own in true]
    wanted, got = np.concatenate(true), np.concatenate(found)
    known = wanted != UNKNOWN
    plain, balanced = score_probe(found, true, 14, seed=0)
    if not known.any():
        assert np.isnan(plain.value)
        return
    assert plain.value == pytest.approx((wanted == got)[known].mean())
    recalls = [(got[wanted == c] == c).mean() for c in range(14) if (wanted == c).any()]
    assert balanced.value == pytest.approx(np.mean(recalls))


def test_phones_and_their_visemes():
    targets = targets_of(np.array([PHONE_INDEX["B"], PHONE_INDEX["M"], UNKNOWN, PHONE_INDEX["SIL"]]))
    names = [VISEME_NAMES[v] if v >= 0 else None for v in targets["viseme"]]
    assert names == ["bilabial", "bilabial", None, "silence"]
