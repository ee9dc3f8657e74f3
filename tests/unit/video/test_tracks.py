"""Faces followed from frame to frame."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pase.video.lip_crop import MAX_GAP
from pase.video.tracks import follow_faces


def face(x: float, eye_distance: float = 50.0) -> NDArray[np.float32]:
    """The 46 points of a face with its eyes at ``x``."""
    points = np.zeros((46, 2), dtype=np.float32)
    points[:, 0] = x
    points[0, 0], points[3, 0] = x - eye_distance / 2, x + eye_distance / 2
    return points


NOBODY = np.full((46, 2), np.nan, dtype=np.float32)


def spans(*frames: list[NDArray[np.float32]], cuts: tuple[int, ...] = ()) -> list[tuple[int, list[int]]]:
    return [(span.start, span.slots.tolist()) for span in follow_faces(np.array(frames), cuts)]


def test_one_face() -> None:
    assert spans([face(100)], [face(102)], [face(104)]) == [(0, [0, 0, 0])]


def test_nobody() -> None:
    assert spans([NOBODY], [NOBODY]) == []


def test_faces_that_change_places_in_the_list_are_told_apart_by_where_they_are() -> None:
    frames = [[face(100), face(300)], [face(301), face(101)], [face(102), face(302)]]
    assert spans(*frames) == [(0, [0, 1, 0]), (0, [1, 0, 1])]


def test_a_short_gap_is_bridged_and_a_long_one_ends_the_face() -> None:
    short = [[face(100)], *([[NOBODY]] * MAX_GAP), [face(100)]]
    assert spans(*short) == [(0, [0] + [-1] * MAX_GAP + [0])]
    long = [[face(100)], *([[NOBODY]] * (MAX_GAP + 1)), [face(100)]]
    assert spans(*long) == [(0, [0]), (MAX_GAP + 2, [0])]


def test_a_cut_ends_every_face() -> None:
    assert spans([face(100)], [face(100)], [face(100)], cuts=(2,)) == [(0, [0, 0]), (2, [0])]


def test_a_jump_is_another_face() -> None:
    assert spans([face(100)], [face(200)]) == [(0, [0]), (1, [0])]


def test_somebody_comes_and_goes() -> None:
    frames = [[face(100), NOBODY], [face(100), face(300)], [face(300), NOBODY]]
    assert spans(*frames) == [(0, [0, 0]), (1, [1, 0])]


def test_points_of_a_span_have_gaps_where_it_was_not_seen() -> None:
    detections = np.array([[face(100)], [NOBODY], [face(104)]])
    (span,) = follow_faces(detections)
    points = span.points(detections)
    np.testing.assert_array_equal(points[[0, 2]], [face(100), face(104)])
    assert np.isnan(points[1]).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.permutations(range(3)), min_size=1, max_size=12), st.sets(st.integers(1, 11)))
def test_every_detection_belongs_to_exactly_one_span_whatever_the_order(
    orders: list[list[int]], cuts: set[int]
) -> None:
    where = [100.0, 300.0, 500.0]
    detections = np.array([[face(where[person]) for person in order] for order in orders])
    found = follow_faces(detections, sorted(cuts))
    counted = np.zeros((len(orders), 3), dtype=int)
    for span in found:
        assert {float(row[4, 0]) for row in span.points(detections)} <= {100.0, 300.0, 500.0}
        assert len({float(row[4, 0]) for row in span.points(detections)}) == 1
        for frame, slot in enumerate(span.slots, start=span.start):
            counted[frame, slot] += 1
    np.testing.assert_array_equal(counted, 1)
