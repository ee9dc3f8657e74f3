"""The talking face of the synthetic corpus: articulation, mouth, landmarks, pictures."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.corpus.synthetic.articulation import _NEUTRAL, Articulators, articulate
from pase.corpus.synthetic.camera import SIZE, face_points, film, make_scene
from pase.corpus.synthetic.identity import make_person
from pase.corpus.synthetic.mouth import MouthShape
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import BILABIALS, PHONES, SILENCE
from pase.video.landmarks import INNER_BOTTOM, INNER_TOP, MOUTH_LEFT, MOUTH_RIGHT, POINT_INDICES, lip_gap

FACE = make_person(0, 0).face


def track(*phones: str, length: float = 0.09) -> PhoneTrack:
    """Phones of one length with half a second of silence around them."""
    found = [PhoneInterval(SILENCE, 0.0, 0.5)]
    for phone in phones:
        found.append(PhoneInterval(phone, found[-1].end, found[-1].end + length))
    return PhoneTrack((*found, PhoneInterval(SILENCE, found[-1].end, found[-1].end + 0.5)))


def middle(phones: PhoneTrack, number: int) -> Articulators:
    """Articulators at the middle of one interval."""
    return articulate(phones, np.array([phones.intervals[number].middle]))


def held(frames: int, **positions: float) -> Articulators:
    """A mouth that keeps still."""
    return Articulators(**{name: np.full(frames, positions.get(name, 0.0)) for name in _NEUTRAL})


PHONE = st.sampled_from([phone for phone in PHONES if phone != SILENCE])


@settings(max_examples=80, deadline=None)
@given(PHONE, st.sampled_from(sorted(BILABIALS)), PHONE, st.floats(0.06, 0.14), st.floats(0.85, 1.12))
def test_bilabials_close_between_any_phones(before: str, phone: str, after: str, length: float, effort: float) -> None:
    phones = track(before, phone, after, length=length)
    pose = articulate(phones, np.array([phones.intervals[2].middle]), effort)
    assert pose.aperture[0] == 0


@settings(max_examples=40, deadline=None)
@given(PHONE, st.sampled_from(["F", "V"]), PHONE)
def test_labiodentals_put_the_lip_under_the_teeth(before: str, phone: str, after: str) -> None:
    pose = middle(track(before, phone, after), 2)
    assert pose.tuck[0] > 0.7 or {before, after} & BILABIALS
    shape = MouthShape.of(FACE, pose)
    lip = (shape.seam + shape.below)[0]
    assert abs(lip - shape.teeth) < 0.03  # within 3 % of the eye distance, about 3 mm


def test_rounding_spreading_and_opening_by_vowel() -> None:
    poses = {phone: middle(track("T", phone, "T", length=0.14), 2) for phone in PHONES if phone != SILENCE}
    assert all(poses[phone].rounding[0] > 0.75 for phone in ("UW", "W", "OW"))
    assert all(poses[phone].rounding[0] < 0.2 for phone in ("IY", "AE", "EH", "AA"))
    opening = [poses[phone].jaw[0] for phone in ("AA", "AE", "EH", "IH", "IY")]
    assert opening == sorted(opening, reverse=True)
    assert poses["AA"].aperture[0] > 0.6 > poses["EH"].aperture[0] + 0.05 > poses["UW"].aperture[0]
    assert poses["TH"].dental[0] > 0.7 > 0.2 > poses["S"].dental[0]
    assert poses["IY"].spread[0] > 0.5 > 0 > poses["UW"].spread[0]


def test_rounding_begins_before_the_vowel() -> None:
    rounded, spread = track("S", "T", "UW"), track("S", "T", "IY")
    assert middle(rounded, 2).rounding[0] > middle(spread, 2).rounding[0] + 0.2
    assert middle(rounded, 1).rounding[0] > middle(spread, 1).rounding[0] + 0.04


def test_mouth_rests_in_silence_and_moves_smoothly() -> None:
    phones = track("HH", "AA", "M", "AE", "P", "UW", "F", "AY")
    times = np.arange(0, phones.intervals[-1].end, 0.01)
    pose = articulate(phones, times)
    still = (times < 0.3) | (times > times[-1] - 0.2)
    assert pose.aperture[still].max() < 0.02
    assert pose.jaw[still].max() < 0.06
    for name in _NEUTRAL:
        assert np.abs(np.diff(getattr(pose, name))).max() < 0.45, name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1.1), min_size=9, max_size=9))
def test_contours_never_cross(values: list[float]) -> None:
    pose = held(1, **dict(zip(_NEUTRAL, values, strict=True)))
    u = np.linspace(-0.5, 0.5, 101, dtype=np.float32)[None]
    contours = MouthShape.of(FACE, pose).contours(u)
    for above, below in pairwise(contours):
        assert (below - above > -1e-4).all()


def test_landmarks_have_mediapipes_order_and_measure_the_gap() -> None:
    scene = make_scene(np.random.default_rng(1), 3, FACE)
    points = face_points(scene, FACE, held(3, aperture=0.5, jaw=0.4))
    assert points.shape == (3, len(POINT_INDICES), 2)
    assert points.dtype == np.float32
    lips = points[:, 6:]
    eyes = np.linalg.norm(points[:, 3] - points[:, 0], axis=-1)
    np.testing.assert_allclose(lip_gap(lips) / eyes, 0.115, atol=0.002)
    assert (lips[:, INNER_TOP, 1] < lips[:, INNER_BOTTOM, 1]).all()
    assert (lips[:, MOUTH_LEFT, 0] < lips[:, MOUTH_RIGHT, 0]).all()
    assert (points[:, 0, 0] < points[:, 1, 0]).all()
    assert (points[:, 2, 0] < points[:, 3, 0]).all()
    closed = face_points(scene, FACE, held(3))
    assert lip_gap(closed[:, 6:]).max() < 1e-3
    # Neighbours of a contour stay neighbours: no point is out of order.
    steps = np.linalg.norm(np.diff(lips[0, :20], axis=0, append=lips[0, :1]), axis=-1)
    assert steps.max() < 3 * np.median(steps)


def test_the_picture_shows_what_the_landmarks_say() -> None:
    scene = replace(make_scene(np.random.default_rng(2), 2, FACE), noise=0.0)
    pose = Articulators(**{name: np.array([0.0, 0.9 if name in ("aperture", "jaw") else 0.0]) for name in _NEUTRAL})
    points = face_points(scene, FACE, pose)
    closed, opened = (picture.astype(float) for picture in film(scene, FACE, pose))
    # The cavity is darker than the closed lips at the same place, between teeth and lower lip.
    x, y = (points[1, 6 + INNER_TOP] * 0.35 + points[1, 6 + INNER_BOTTOM] * 0.65).round().astype(int)
    assert opened[y, x].mean() < 0.6 * closed[y, x].mean()
    # Eye corners: the white of the eye lies between them and the cheek does not.
    (left, right) = points[0, 2], points[0, 3]
    between = (left + right) / 2
    column = closed[int(between[1]) - 4 : int(between[1]) + 4, int(between[0])]
    assert column.mean(axis=1).min() < 90  # the pupil


def test_filming_depends_on_nothing_but_its_scene() -> None:
    scene = make_scene(np.random.default_rng(3), 11, FACE)
    pose = held(11, aperture=0.3)
    first, second = (np.stack(list(film(scene, FACE, pose))) for _ in range(2))
    assert first.shape == (11, SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("index", range(6))
def test_people_differ_and_do_not_depend_on_their_number(index: int) -> None:
    assert make_person(0, index) == make_person(0, index)
    assert all(
        make_person(0, index).face != make_person(seed, other).face for seed, other in ((0, index + 1), (1, index))
    )
