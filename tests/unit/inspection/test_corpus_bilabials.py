import numpy as np
import pytest

from pase.evaluation.closures import normalise_gap
from pase.inspection.bilabials import SHIFTS, measure_bilabials
from pase.phonemes.intervals import PhoneInterval, PhoneTrack


def spoken(closed_after: int) -> tuple[PhoneTrack, np.ndarray]:
    """Three bilabials, and lips that close so many frames after each of them."""
    starts = (0.6, 1.4, 2.2)
    gap = np.ones(80)
    for start in starts:
        gap[int((start + 0.05) * 25) + closed_after] = 0
    return PhoneTrack(tuple(PhoneInterval("P", start, start + 0.1) for start in starts)), gap


def test_the_curve_is_lowest_where_lips_close() -> None:
    curve = measure_bilabials([spoken(0), spoken(0)], seed=0)
    assert curve is not None
    assert (curve.tokens, curve.clips, curve.closed_at) == (6, 2, 0)
    assert [gap.value for gap in curve.gaps] == [0.0 if shift == 0 else 1.0 for shift in SHIFTS]
    assert "agree" in curve.finding()


@pytest.mark.parametrize(
    ("frames", "late"), [(3, "picture lags behind the sound"), (-2, "sound lags behind the picture")]
)
def test_the_finding_names_what_is_late(frames: int, late: str) -> None:
    curve = measure_bilabials([spoken(frames)], seed=0)
    assert curve is not None
    assert curve.closed_at == frames
    assert late in curve.finding()
    assert f"{abs(frames) * 40} ms" in curve.finding()


def test_lips_that_never_close_are_said_to(make_record) -> None:
    track, gap = spoken(0)
    curve = measure_bilabials([(track, np.ones_like(gap))], seed=0)
    assert curve is not None
    assert "no clear minimum" in curve.finding()


def test_nothing_to_measure() -> None:
    assert measure_bilabials([], seed=0) is None
    early = PhoneTrack((PhoneInterval("M", 0.0, 0.1),))
    assert measure_bilabials([(early, np.ones(50))], seed=0) is None


def test_normalised_gap() -> None:
    gap = np.linspace(0.1, 0.3, 101).astype(np.float32)
    np.testing.assert_allclose(np.percentile(normalise_gap(gap, gap), [5, 50, 95]), [0, 0.5, 1], atol=1e-5)
    assert np.isfinite(normalise_gap(np.full(10, 0.2), np.full(10, 0.2))).all()
