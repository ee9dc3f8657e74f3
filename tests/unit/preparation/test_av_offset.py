"""The A/V offset by closed lips, and whose lips go with the sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.preparation.av_offset import (
    MIN_CONFIDENCE,
    MIN_MOMENTS,
    REACH,
    bilabial_scores,
    curve_of,
    loudness_agreement,
)
from pase.video.landmarks import INNER_BOTTOM, INNER_TOP

FRAMES = 300


def speech(seed: int = 0, bilabials: int = 12) -> PhoneTrack:
    """Vowels with /p b m/ of 80 ms between them."""
    rng = np.random.default_rng(seed)
    steps = rng.dirichlet(np.full(bilabials + 1, 3.0)) * (FRAMES / 25 - 2 - 0.3 * bilabials) + 0.3
    middles = 0.8 + np.cumsum(steps)[:bilabials]
    intervals: list[PhoneInterval] = []
    clock = 0.0
    for number, middle in enumerate(middles):
        intervals.append(PhoneInterval("AA", clock, middle - 0.04))
        intervals.append(PhoneInterval("PBM"[number % 3], middle - 0.04, middle + 0.04))
        clock = middle + 0.04
    return PhoneTrack((*intervals, PhoneInterval("AA", clock, FRAMES / 25)))


def lips(phones: PhoneTrack, late: int = 0, seed: int = 0) -> NDArray[np.float32]:
    """Lips that close for /p b m/, `late` frames after they are heard."""
    rng = np.random.default_rng(seed)
    time = (np.arange(FRAMES) + 0.5 - late) / 25
    gap = 0.2 + rng.normal(0, 0.01, FRAMES)
    for interval in phones.intervals:
        if interval.phone in "PBM":
            gap *= 1 - np.exp(-0.5 * ((time - interval.middle) / 0.06) ** 2)
    points = np.zeros((FRAMES, 40, 2), dtype=np.float32)
    points[:, INNER_BOTTOM, 1] = gap / 2
    points[:, INNER_TOP, 1] = -gap / 2
    return points


@settings(max_examples=25, deadline=None)
@given(st.integers(-REACH + 1, REACH - 1), st.integers(0, 50))
def test_a_known_offset_is_found(late: int, seed: int) -> None:
    phones = speech(seed)
    curve = curve_of(bilabial_scores(lips(phones, late, seed), phones))
    assert curve is not None
    assert abs(curve.best - late) <= 1
    assert curve.confidence > MIN_CONFIDENCE
    offset = curve.offset("bilabial")
    assert offset.seconds == pytest.approx(-curve.best / 25)
    assert (offset.method, offset.corrected) == ("bilabial", False)


def test_lips_that_have_nothing_to_do_with_the_sound_give_no_confidence() -> None:
    found = []
    for seed in range(60):
        curve = curve_of(bilabial_scores(lips(speech(seed + 1000), seed=seed), speech(seed)))
        assert curve is not None
        found.append(curve.confidence > MIN_CONFIDENCE)
    assert np.mean(found) <= 0.1


def test_too_few_bilabials_say_nothing() -> None:
    phones = speech(bilabials=MIN_MOMENTS - 1)
    scores = bilabial_scores(lips(phones), phones)
    assert scores.shape == (MIN_MOMENTS - 1, 2 * REACH + 1)
    assert curve_of(scores) is None
    assert curve_of(scores, least=3) is not None


def test_clips_with_few_bilabials_together_say_enough() -> None:
    """Lips that are open as wide as they please: each clip is measured by its own widest gap."""
    late, scores = 3, []
    for seed, wide in enumerate((0.5, 1.0, 2.0, 4.0)):
        phones = speech(seed, bilabials=3)
        scores.append(bilabial_scores(wide * lips(phones, late, seed), phones))
    assert all(curve_of(own) is None for own in scores)
    curve = curve_of(np.concatenate(scores))
    assert curve is not None
    assert abs(curve.best - late) <= 1
    assert curve.confidence > MIN_CONFIDENCE


def test_still_lips_say_nothing() -> None:
    phones = speech()
    curve = curve_of(bilabial_scores(np.zeros((FRAMES, 40, 2), dtype=np.float32), phones))
    assert curve is not None
    assert curve.confidence < MIN_CONFIDENCE


def test_the_curve_is_measured_against_shifts_further_away() -> None:
    scores = np.zeros((10, 2 * REACH + 1))
    scores[:, REACH + 3] = 1 + np.linspace(-0.1, 0.1, 10)
    curve = curve_of(scores)
    assert curve is not None
    assert curve.best == 3
    assert curve.confidence == pytest.approx(1 / (np.linspace(-0.1, 0.1, 10).std(ddof=1) / np.sqrt(10)))


def test_the_loudness_goes_with_the_right_face() -> None:
    rng = np.random.default_rng(0)
    opening, other = (np.convolve(rng.uniform(0, 1, FRAMES), np.ones(5) / 5, mode="same") for _ in range(2))
    sound = (np.repeat(opening, 640) ** 3 * rng.standard_normal(FRAMES * 640) * 0.1).astype(np.float32)

    def face(gap: NDArray[np.float64]) -> NDArray[np.float32]:
        points = np.zeros((FRAMES, 40, 2), dtype=np.float32)
        points[:, INNER_BOTTOM, 1] = gap
        return points

    right = loudness_agreement(face(opening), sound)
    assert right > loudness_agreement(face(other), sound) + 2
    assert right > loudness_agreement(face(np.roll(opening, 10)), sound) + 2
    assert loudness_agreement(face(np.zeros(FRAMES)), sound) == 0
    assert loudness_agreement(face(opening), np.zeros(FRAMES * 640, dtype=np.float32)) == 0
