import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.evaluation.homophenes import Tokens, homophene_sums, silhouettes
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONE_INDEX, VISEME_OF_PHONE

SPOKEN = ("B", "P", "M", "F", "V", "IY")


def tokens(merged: bool, seed: int = 0, each: int = 8) -> Tokens:
    """Rows near a direction for each viseme, or for each phone."""
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((40, 12))
    phones = np.repeat([PHONE_INDEX[phone] for phone in SPOKEN], each)
    place = np.asarray(VISEME_OF_PHONE)[phones] if merged else phones
    rows = codes[place] + 0.2 * rng.standard_normal((len(phones), 12))
    return Tokens(rows.astype(np.float32), phones, np.arange(len(phones)) % 3, 3)


def value(sums: np.ndarray) -> float:
    return sums[:, 0].sum() / sums[:, 1].sum()


def test_the_gap_tells_merged_homophenes_from_separate_ones():
    merged, apart = homophene_sums(tokens(True)), homophene_sums(tokens(False))
    for group in ("all", "bilabial", "labiodental"):
        assert value(merged["viseme"][group]) > 0.8
        assert value(merged["gap"][group]) > 0.5
        assert value(apart["phone"][group]) > 0.8
        assert value(apart["gap"][group]) < -0.3
    assert "spread close" not in merged["gap"], "of which one phone alone is spoken"
    assert merged["gap"]["all"][:, 1].sum() == 5 * 8, "IY has no homophene among them"


def test_features_that_say_nothing_have_no_silhouette():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((600, 20)).astype(np.float32)
    assert abs(silhouettes(noise, rng.integers(0, 5, 600)).mean()) < 0.05


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 30), st.integers(2, 4), st.integers(0, 10_000))
def test_silhouettes_against_all_pairs(count, kinds, seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 5)).astype(np.float32)
    classes = rng.permutation(np.r_[np.arange(2), rng.integers(0, kinds, count - 2)])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    apart = 1 - unit.astype(np.float64) @ unit.T
    for k, found in enumerate(silhouettes(rows, classes)):
        own = (classes == classes[k]) & (np.arange(count) != k)
        if not own.any():
            assert found == 0
            continue
        a = apart[k, own].mean()
        b = min(apart[k, classes == c].mean() for c in np.unique(classes) if c != classes[k])
        assert found == pytest.approx((b - a) / max(a, b), abs=1e-5)


def test_tokens_are_the_rows_at_the_middle_of_phones_without_silence_and_rare_ones():
    names = ("SIL", "B", "P", "B", "SIL", "B")
    track = PhoneTrack(tuple(PhoneInterval(name, 0.2 * k, 0.2 * (k + 1)) for k, name in enumerate(names)))
    rows = np.arange(28, dtype=np.float32)[:, None]
    found = Tokens.collect([None, track], [rows, rows])
    assert found.rows[:, 0].tolist() == [7, 17, 27], "of B; P is spoken once only"
    assert found.clips.tolist() == [1, 1, 1]
    assert homophene_sums(found) == {"viseme": {}, "phone": {}, "gap": {}}
