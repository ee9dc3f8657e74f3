"""Which of several faces is the one that speaks."""

import numpy as np
import pytest

from pase.preparation.stages.offset import choose, piece_sound, together
from pase.preparation.stages.tracks import Piece


def piece(name: str, start: int, frames: int) -> Piece:
    return Piece(name, start, (0,) * frames)


def test_faces_are_grouped_by_being_seen_at_once() -> None:
    pieces = [piece("a", 0, 10), piece("b", 10, 10), piece("c", 15, 10), piece("d", 24, 5), piece("e", 40, 5)]
    assert [[p.name for p in group] for group in together(pieces)] == [["b", "c", "d"]]
    listener_is_too_small = Piece("f", 0, (0,) * 5, alone=False)
    assert together([listener_is_too_small]) == [[listener_is_too_small]]


@pytest.mark.parametrize(
    ("scores", "refused"),
    [
        ({"a": 5.0, "b": 1.0}, {"b": "not_speaking"}),
        ({"a": 0.5, "b": 6.0, "c": 3.0}, {"a": "not_speaking", "c": "not_speaking"}),
        ({"a": 1.5, "b": 0.2}, {"a": "speaker_unclear", "b": "speaker_unclear"}),
        ({"a": 5.0, "b": 4.5}, {"a": "speaker_unclear", "b": "speaker_unclear"}),
        ({"a": 5.0}, {}),
        ({"a": 1.0}, {"a": "speaker_unclear"}),
    ],
)
def test_the_speaker_has_to_stand_out(scores: dict[str, float], refused: dict[str, str]) -> None:
    found = choose(scores)
    assert {refusal.clip: refusal.reason for refusal in found} == refused
    assert all("faces" in refusal.detail or "face" in refusal.detail for refusal in found)


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
