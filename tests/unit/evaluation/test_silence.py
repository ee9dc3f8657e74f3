import numpy as np
import pytest

from pase.evaluation.silence import aperture_sums, change_sums, jitter_sums, silent_frames
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN

SIL, AA = PHONE_INDEX["SIL"], PHONE_INDEX["AA"]
LABELS = np.array([SIL] * 10 + [AA] * 10 + [SIL] * 10)


def test_frames_beside_speech_are_not_silent():
    assert np.flatnonzero(silent_frames(LABELS)).tolist() == [*range(7), *range(23, 30)]
    unknown = np.where(LABELS == AA, UNKNOWN, LABELS)
    assert np.flatnonzero(silent_frames(unknown)).tolist() == [*range(7), *range(23, 30)]
    assert not silent_frames(np.array([AA])).any()


def test_the_gap_of_silent_frames_alone_counts():
    gap = np.where(silent_frames(LABELS), 0.2, 9.0)
    assert aperture_sums(gap, LABELS).tolist() == pytest.approx([14 * 0.2, 14])


def test_jitter_is_the_way_of_the_points_between_silent_frames():
    shape = np.zeros((30, 80))
    shape[1::2, 0::2] = 0.1  # all points go back and forth
    sums = jitter_sums(shape, LABELS)
    assert sums[1] == 6 + 6, "not over the speech in between"
    assert sums[0] / sums[1] == pytest.approx(0.1)


def test_change_in_silence_and_at_edges_is_measured_by_that_of_speech():
    rows = np.zeros((30, 4), np.float32)
    rows[:, 0] = np.cumsum(np.where(LABELS == AA, 2.0, 0.0))
    rows[10:, 1] = 6.0  # a jump where speech begins
    still, edges = change_sums(rows, LABELS)
    assert still.tolist() == [0, 12, 18, 9]
    assert edges[1] == 2
    assert edges[0] == pytest.approx(np.hypot(2, 6) + 2)


@pytest.mark.parametrize("labels", [np.full(1, SIL), np.full(5, SIL), np.full(5, AA), np.full(5, UNKNOWN)])
def test_clips_without_edges_add_nothing(labels):
    rows = np.ones((len(labels), 3), np.float32)
    still, edges = change_sums(rows, labels)
    assert edges[1] == 0
    assert np.isfinite([*still, *edges]).all()
