import numpy as np
import pytest

from pase.evaluation.closures import (
    SHIFTS,
    VOWELS,
    SpokenGap,
    bilabial_curve,
    closure_sums,
    gap_around,
    token_frames,
)
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import BILABIALS

SPOKEN = PhoneTrack(
    tuple(
        PhoneInterval(phone, 0.4 * k, 0.4 * (k + 1)) for k, phone in enumerate(("SIL", "B", "AA", "M", "IY", "P", "AE"))
    )
)
LENGTH = 70


def closing_gap(frames, depth: float = 0.0) -> np.ndarray:
    """Open lips that close for three frames around each of the given ones."""
    gap = 1 + 0.01 * np.sin(np.arange(LENGTH))
    for frame in frames:
        gap[frame - 1 : frame + 2] = [0.5, depth, 0.5]
    return gap


BILABIAL_FRAMES = token_frames(SPOKEN, BILABIALS)


def test_tokens_lie_at_the_middle_of_their_phones():
    assert BILABIAL_FRAMES.tolist() == [15, 35, 55]
    assert token_frames(SPOKEN, VOWELS).tolist() == [25, 45, 65]
    assert {"AA", "UW", "ER"} <= VOWELS
    assert not VOWELS & {"SIL", "B", "W", "Y", "R"}


@pytest.mark.parametrize("late", [-2, 0, 3])
def test_the_curve_dips_where_the_pictures_are(late):
    """Pictures that come some frames late have to be moved back by as many: frame i + k is looked at."""
    curve, tokens = bilabial_curve([(SPOKEN, closing_gap(BILABIAL_FRAMES + late))] * 3, seed=0)
    assert tokens == 3 * len(BILABIAL_FRAMES)
    values = [estimate.value for estimate in curve]
    assert SHIFTS[int(np.argmin(values))] == late
    assert min(values) < 0.1
    assert max(values) > 0.9


def test_gaps_near_the_ends_are_left_out():
    gap = np.arange(10.0)
    around = gap_around(gap, np.array([0, 2, 3, 6, 7]))
    np.testing.assert_array_equal(around, [np.arange(0.0, 7), np.arange(3.0, 10)])
    assert gap_around(gap, np.array([], dtype=np.int64)).shape == (0, 7)


def test_both_gaps_are_normalised_by_the_percentiles_of_the_pictures():
    gap = np.linspace(2, 4, 101)
    clip = SpokenGap.normalised(SPOKEN, gap, np.full(101, gap[95]))
    assert clip.seen[5] == pytest.approx(0)
    assert clip.seen[95] == pytest.approx(1)
    np.testing.assert_allclose(clip.predicted, 1)
    still = SpokenGap.normalised(SPOKEN, np.ones(10), np.ones(10))
    assert np.isfinite(still.seen).all()
    assert np.isfinite(still.predicted).all()


def spoken(predicted: np.ndarray, phones: PhoneTrack = SPOKEN, seen: np.ndarray | None = None) -> dict[str, list[int]]:
    true = closing_gap(BILABIAL_FRAMES) if seen is None else seen
    labels = phones.labels_at((np.arange(LENGTH) + 0.5) / 25)
    return closure_sums(SpokenGap(phones, true, predicted), labels)


def test_closures_heard_missed_and_false():
    heard = spoken(closing_gap(BILABIAL_FRAMES[:2]))
    assert heard == {"recall": [2, 3], "precision": [2, 2], "alarms": [0, 3]}
    wrong = spoken(closing_gap([25]))
    assert wrong == {"recall": [0, 3], "precision": [0, 1], "alarms": [1, 3]}


def test_lips_that_are_always_closed_hear_everything_and_are_not_precise():
    found = spoken(np.zeros(LENGTH))
    assert found["recall"] == [3, 3]
    assert found["precision"] == [9, 60], "one frame before and one after each closure count; silence does not"


@pytest.mark.parametrize(("late", "right"), [(0, 3), (1, 3), (-1, 3), (2, 0)])
def test_a_closure_may_be_one_frame_off(late, right):
    assert spoken(closing_gap(BILABIAL_FRAMES + late))["precision"] == [right, 3]


def test_bilabials_whose_lips_stay_open_are_not_asked_for():
    true = closing_gap(BILABIAL_FRAMES[:1])
    assert spoken(true, seen=true)["recall"] == [1, 1]
    assert spoken(true, PhoneTrack(()), true) == {"recall": [0, 0], "precision": [0, 0], "alarms": [0, 0]}
