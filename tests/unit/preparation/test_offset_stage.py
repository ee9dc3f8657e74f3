"""Which of several faces is the one that speaks."""

import numpy as np
import pytest

from pase.preparation.stages.offset import choose, piece_sound
from pase.preparation.stages.tracks import Piece


def piece(name: str, start: int, frames: int, alone: bool = False) -> Piece:
    """A clip; the first letter of its name says whose."""
    return Piece(name, start, (0,) * frames, track=ord(name[0]), alone=alone)


def refused(pieces: list[Piece], scores: dict[str, float]) -> dict[str, str]:
    found = choose(pieces, scores)
    assert all("face" in refusal.detail for refusal in found)
    return {refusal.clip: refusal.reason for refusal in found}


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"a": 5.0, "b": 1.0}, {"b": "not_speaking"}),
        ({"a": 0.5, "b": 6.0, "c": 3.0}, {"a": "not_speaking", "c": "not_speaking"}),
        ({"a": 1.5, "b": 0.2}, {"a": "speaker_unclear", "b": "speaker_unclear"}),
        ({"a": 5.0, "b": 4.5}, {"a": "speaker_unclear", "b": "speaker_unclear"}),
        ({"a": 5.0}, {}),  # beside a face that is too small
        ({"a": 1.0}, {"a": "speaker_unclear"}),
    ],
)
def test_the_speaker_has_to_stand_out(scores: dict[str, float], expected: dict[str, str]) -> None:
    assert refused([piece(name, 0, 50) for name in scores], scores) == expected


def test_a_face_that_is_always_alone_need_not_prove_anything() -> None:
    assert refused([piece("a1", 0, 50, alone=True), piece("a2", 50, 50, alone=True)], {"a1": 0.1, "a2": 9.0}) == {}


def test_parts_of_one_face_do_not_compete() -> None:
    """One speaks for 24 s, another is seen for 8 s in the middle."""
    pieces = [piece("a1", 0, 300), piece("a2", 300, 300), piece("b1", 200, 100), piece("b2", 300, 100)]
    assert refused(pieces, {"a1": 6.0, "a2": 5.5, "b1": 0.1, "b2": 0.2}) == {"b1": "not_speaking", "b2": "not_speaking"}


def test_two_people_take_turns() -> None:
    pieces = [piece("a1", 0, 300), piece("a2", 300, 300), piece("b1", 3, 297), piece("b2", 300, 300)]
    assert refused(pieces, {"a1": 6.0, "a2": 0.5, "b1": 0.3, "b2": 6.2}) == {"a2": "not_speaking", "b1": "not_speaking"}


def test_faces_that_are_never_seen_at_once_do_not_compete() -> None:
    """The second is seen with the first, then with the third; one that comes as another goes is alone."""
    pieces = [piece("a", 0, 100), piece("b", 50, 100), piece("c", 100, 100), piece("d", 195, 100, alone=True)]
    assert refused(pieces, {"a": 6.0, "b": 0.1, "c": 6.0, "d": 6.0}) == {"b": "not_speaking"}


def test_sound_of_a_piece() -> None:
    sound = np.arange(6400, dtype=np.float32)
    np.testing.assert_array_equal(piece_sound(piece("a", 2, 3), sound), sound[1280:3200])
    np.testing.assert_array_equal(piece_sound(piece("a", 2, 3), sound, lag=0.04), sound[1920:3840])
    late = piece_sound(piece("a", 9, 3), sound)
    np.testing.assert_array_equal(late[:640], sound[5760:])
    assert not late[640:].any()
    early = piece_sound(piece("a", 0, 2), sound, lag=-0.04)
    assert not early[:640].any()
    np.testing.assert_array_equal(early[640:], sound[:640])
