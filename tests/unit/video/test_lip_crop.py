"""The stabilised lip crop."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pase.errors import UnusableClipError
from pase.video.landmarks import (
    INNER_BOTTOM,
    INNER_TOP,
    LIP_INDICES,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    POINT_INDICES,
    STABLE_INDICES,
    lip_gap,
)
from pase.video.lip_crop import CROP_SIDE, FaceTrack, crop_tracks, fill_gaps, track_face

MOUTH = 0.9j  # middle of the mouth of the test face, in eye distances below the eyes


def crop_clip(pictures: list[NDArray[np.uint8]], track: FaceTrack, size: int) -> NDArray[np.uint8]:
    ((place, crops),) = crop_tracks(pictures, [(0, track)], size)
    assert place == 0
    return crops


def face(frames: int, opening: float = 0.1) -> NDArray[np.complex128]:
    """An upright face in eye distances, x + iy, shape ``(T, 46)``: eyes, nose bridge, two elliptic lip contours."""
    stable = np.array([-0.5, -0.2 + 0.01j, 0.2 + 0.01j, 0.5, -0.03j, 0.06j])
    angle = np.linspace(np.pi, -np.pi, 20, endpoint=False)  # from the left corner over the lower lip
    openings = opening * (1 + np.sin(np.arange(frames) / 2)) / 2
    outer = 0.28 * np.cos(angle) + 1j * np.sin(angle) * (0.08 + openings[:, None])
    inner = 0.22 * np.cos(angle) + 1j * np.sin(angle) * openings[:, None]
    return np.concatenate([np.tile(stable, (frames, 1)), MOUTH + outer, MOUTH + inner], axis=1)


def pixels(points: NDArray[np.complex128]) -> NDArray[np.float32]:
    return np.stack([points.real, points.imag], axis=-1).astype(np.float32)


def test_indices_are_distinct_mesh_points() -> None:
    assert len(set(POINT_INDICES)) == len(POINT_INDICES) == 46
    assert len(STABLE_INDICES) == 6
    assert [LIP_INDICES[i] for i in (INNER_TOP, INNER_BOTTOM, MOUTH_LEFT, MOUTH_RIGHT)] == [13, 14, 61, 291]


@given(
    angle=st.floats(-0.6, 0.6), scale=st.floats(30, 400), x=st.floats(0, 2000), y=st.floats(0, 2000)
)  # fmt: skip
def test_lip_points_do_not_depend_on_where_the_head_is(angle: float, scale: float, x: float, y: float) -> None:
    upright = face(12)
    reference = track_face(pixels(100 * upright + (300 + 200j))).lip_points
    moved = track_face(pixels(scale * np.exp(1j * angle) * upright + (x + 1j * y))).lip_points
    np.testing.assert_allclose(moved, reference, atol=2e-3)


def test_lip_points_are_in_eye_distances_around_the_mouth() -> None:
    points = track_face(pixels(80 * face(40) + (200 + 100j))).lip_points
    assert points.shape == (40, 40, 2)
    assert points.dtype == np.float32
    np.testing.assert_allclose(points[:, :20].mean(axis=(0, 1)), 0, atol=1e-5)
    width = np.linalg.norm(points[:, MOUTH_RIGHT] - points[:, MOUTH_LEFT], axis=-1)
    # The canonical face's eyes are those of a mean face, a few percent off this one's.
    np.testing.assert_allclose(width, 0.56, rtol=0.03)
    assert lip_gap(points).max() > 0.15


def test_slow_motion_of_the_head_does_not_reach_the_lips() -> None:
    steps = np.arange(50)
    motion = (90 + 0.3 * steps) * np.exp(0.2j * np.sin(steps / 12))
    moving = track_face(pixels(motion[:, None] * face(50) + (200 + 2 * steps + 150j)[:, None])).lip_points
    still = track_face(pixels(90 * face(50) + (200 + 150j))).lip_points
    np.testing.assert_allclose(moving[3:-3], still[3:-3], atol=0.01)


def test_detector_jitter_is_smoothed() -> None:
    rng = np.random.default_rng(0)
    points = pixels(80 * face(100) + (200 + 100j))
    jittered = points + rng.normal(0, 1, points.shape).astype(np.float32)
    shift = track_face(jittered).shift - track_face(points).shift
    assert np.abs(np.diff(shift)).std() < 0.25  # a single frame's fit would move by about 0.5 pixels


def _picture_of(face_points: NDArray[np.complex128], size: int = 400) -> NDArray[np.uint8]:
    """Grey, red left of the mouth's left corner, green right of the right one, blue below: 5 pixels or so wide each."""
    picture = np.full((size, size, 3), 90, dtype=np.uint8)
    lips = face_points[6:]
    rows, columns = np.mgrid[:size, :size]
    grid = columns + 0.5 + 1j * (rows + 0.5)
    unit = face_points[3] - face_points[0]
    for channel, place in enumerate((lips[MOUTH_LEFT], lips[MOUTH_RIGHT], lips[:20].mean() + 0.4j * unit)):
        near = np.abs(grid - place) < 0.06 * abs(unit)
        picture[near] = 0
        picture[near, channel] = 255
    return picture


@pytest.mark.parametrize("angle", [0.0, 0.5, -0.5])
@pytest.mark.parametrize("scale", [60, 150])
def test_crop_is_upright_and_in_scale(angle: float, scale: float) -> None:
    points = scale * np.exp(1j * angle) * face(3, opening=0.0) + (200 + 120j)
    track = track_face(pixels(points))
    crop = crop_clip([_picture_of(points[0])] * 3, track, 96)[1].astype(float)
    expected = {0: -0.28, 1: 0.28, 2: 0.4j}
    for channel, place in expected.items():
        others = [c for c in range(3) if c != channel]
        weight = np.clip(crop[..., channel] - crop[..., others].max(axis=-1) - 40, 0, None)
        rows, columns = np.mgrid[:96, :96] + 0.5
        found = complex((columns * weight).sum(), (rows * weight).sum()) / weight.sum()
        wanted = 48 + 48j + place * 96 / CROP_SIDE
        assert abs(found - wanted) < 1.5, (channel, found, wanted)


def test_crop_averages_fine_detail() -> None:
    points = 900 * face(2) + (500 + 0j)
    board = ((np.indices((1600, 1000)).sum(axis=0) % 2) * 255).astype(np.uint8)
    crop = crop_clip([np.repeat(board[..., None], 3, axis=2)] * 2, track_face(pixels(points)), 96)
    assert abs(crop.astype(float) - 127.5).max() < 12


def test_crop_repeats_the_edge_beyond_the_picture() -> None:
    points = 80 * face(2) + (60 + 20j)
    picture = np.full((110, 120, 3), 77, dtype=np.uint8)  # ends just below the mouth
    np.testing.assert_array_equal(crop_clip([picture] * 2, track_face(pixels(points)), 96), 77)


def test_mouth_outside_the_picture() -> None:
    track = track_face(pixels(80 * face(2) + (60 + 20j)))
    track.check_inside(120, 110)
    for width, height in ((120, 80), (50, 110)):
        with pytest.raises(UnusableClipError, match="mouth is outside the picture in frame 0 of 2"):
            track.check_inside(width, height)


def test_fewer_pictures_than_landmarks() -> None:
    track = track_face(pixels(80 * face(3) + (100 + 20j)))
    with pytest.raises(UnusableClipError, match="more frames than the video has pictures"):
        crop_clip([np.zeros((200, 200, 3), dtype=np.uint8)] * 2, track, 96)


def test_several_faces_are_cropped_in_one_pass_that_ends_with_the_last() -> None:
    left, right = (track_face(pixels(60 * face(4) + place)) for place in (60 + 40j, 260 + 40j))
    shown = []

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(100):
            shown.append(number)
            picture = np.full((200, 320, 3), 10 * number, dtype=np.uint8)
            picture[:, 160:, 0] = 255
            yield picture

    found = list(crop_tracks(pictures(), [(0, left), (2, right), (6, left)], 32))
    assert [place for place, _ in found] == [0, 1, 2]
    assert shown == list(range(10))
    for (place, crops), start in zip(found, (0, 2, 6), strict=True):
        assert crops.shape == (4, 32, 32, 3)
        np.testing.assert_array_equal(crops[:, 0, 0, 1], 10 * (start + np.arange(4)))
        assert (crops[..., 0] == 255).all() == (place == 1)


def test_tracks_have_to_be_sorted() -> None:
    track = track_face(pixels(80 * face(3) + (100 + 20j)))
    with pytest.raises(ValueError, match=r"sorted by their first frames, got \[0, 2, 1\]"):
        next(crop_tracks([], [(0, track), (2, track), (1, track)], 32))


def _with_gaps(frames: int, *gaps: range) -> NDArray[np.float32]:
    points = pixels(80 * face(1) + (200 + 100j)).repeat(frames, axis=0)
    points += np.arange(frames, dtype=np.float32)[:, None, None]
    for gap in gaps:
        points[list(gap)] = np.nan
    return points


def test_short_gaps_are_bridged() -> None:
    whole = _with_gaps(30)
    filled = fill_gaps(_with_gaps(30, range(4, 9), range(20, 21)))
    np.testing.assert_allclose(filled, whole, atol=1e-4)
    ends = fill_gaps(_with_gaps(30, range(3), range(27, 30)))
    np.testing.assert_allclose(ends[:3], np.repeat(whole[3:4], 3, axis=0))
    np.testing.assert_allclose(ends[27:], np.repeat(whole[26:27], 3, axis=0))


@pytest.mark.parametrize("gap", [range(6), range(10, 16), range(24, 30)])
def test_long_gaps_are_refused(gap: range) -> None:
    with pytest.raises(UnusableClipError, match=f"in the 6 frames from number {gap.start} on") as caught:
        track_face(_with_gaps(30, gap))
    assert caught.value.reason == "face_lost"


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (np.full((10, 46, 2), np.nan, dtype=np.float32), "no_face"),
        (np.zeros((0, 46, 2), dtype=np.float32), "no_face"),
        (pixels(15 * face(10) + (200 + 100j)), "face_small"),
        (pixels(80 * face(10) + np.where(np.arange(10) < 5, 100, 400)[:, None] + 100j), "face_jump"),
    ],
)
def test_unusable_faces(points: NDArray[np.float32], reason: str) -> None:
    with pytest.raises(UnusableClipError) as caught:
        track_face(points)
    assert caught.value.reason == reason
