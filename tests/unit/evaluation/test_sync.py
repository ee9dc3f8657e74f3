import numpy as np
import pytest

from pase.evaluation.sync import SHIFTS, OffsetScore, clip_offset, score_clip, score_windows


def similarity_of(frames: int, shift: int, noise: float = 0.1) -> np.ndarray:
    """High at one shift; NaN where the shifted video ends, as the model gives it."""
    rng = np.random.default_rng(0)
    matrix = noise * rng.standard_normal((frames, len(SHIFTS)))
    matrix[:, SHIFTS.index(shift)] += 1
    source = np.arange(frames)[:, None] + np.asarray(SHIFTS)
    matrix[(source < 0) | (source >= frames)] = np.nan
    return matrix.astype(np.float32)


@pytest.mark.parametrize("shift", [-15, -2, 0, 7, 15])
def test_the_offset_of_a_shifted_similarity_is_found(shift):
    assert clip_offset(similarity_of(75, shift)) == shift


@pytest.mark.parametrize(("shift", "found"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_one_frame_off_still_counts(shift, found):
    assert score_clip(similarity_of(75, shift)) == OffsetScore(found, 1)
    windows = score_windows(similarity_of(75, shift))
    assert windows == OffsetScore(36 * found, 36)  # 75 frames, less 15 at either end, less 9 for windows of 10


def test_windows_average_before_they_choose():
    matrix = similarity_of(60, 0, noise=0.0)
    matrix[:, SHIFTS.index(5)] = np.where(np.arange(60) % 5 == 0, 4.0, 0.0)  # outliers in single frames: mean 0.8
    assert score_windows(matrix).share == 1.0
    assert score_windows(matrix, frames=1).share == pytest.approx(0.8)


@pytest.mark.parametrize("frames", [1, 9, 15])
def test_clips_too_short_for_a_shift_are_not_counted(frames):
    short = similarity_of(frames, 0)
    assert score_clip(short) == OffsetScore(0, 0)
    assert score_windows(short) == OffsetScore(0, 0)
    assert np.isnan(OffsetScore(0, 0).share)


def test_scores_add_up():
    assert OffsetScore(1, 2) + OffsetScore(3, 4) == OffsetScore(4, 6)
