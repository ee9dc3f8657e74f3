"""From detections to clips."""

import io
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.raw_clips import SCALE, SIZE, landmarks

from pase.errors import UnusableClipError
from pase.preparation.stage import StageResult, store_result
from pase.preparation.stages.landmarks import load_detections
from pase.preparation.stages.normalise import SoundFacts
from pase.preparation.stages.probe import Facts
from pase.preparation.stages.tracks import Piece, TrackStage, load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

VIDEO = SourceVideo("film", "anna", Path("film.mp4"), "film.mp4")
STAGE = TrackStage(min_seconds=0.4, max_seconds=4.0)


class Scene:
    """A video as the earlier stages saw it."""

    def __init__(self, folder: Path) -> None:
        self.work = WorkFolder(folder)

    def run(
        self,
        points: NDArray[np.float32],
        cuts: tuple[int, ...] = (),
        seconds: float | None = None,
        stage: TrackStage = STAGE,
    ) -> StageResult:
        """The stage on landmarks of shape ``(T, 46, 2)`` or ``(T, F, 46, 2)``."""
        faces = points if points.ndim == 4 else points[:, None]
        facts = Facts("mp4", "h264", SIZE, SIZE, 25.0, 0, "0", "aac", 16_000, 1, len(points) / 25, own_sound=True)
        heard = SoundFacts(round((seconds or len(points) / 25) * 16_000), 0.0)
        buffer = io.BytesIO()
        np.savez(buffer, points=faces)
        seen = {"frames": len(faces), "faces": faces.shape[1], "cuts": list(cuts)}
        for name, value, media in (
            ("probe", asdict(facts), {}),
            ("normalise", asdict(heard), {}),
            ("landmarks", seen, {"film.npz": buffer.getvalue()}),
        ):
            store_result(self.work, name, VIDEO.name, "", StageResult(value, media=media))
        result = stage.run(VIDEO, self.work)
        store_result(self.work, "tracks", VIDEO.name, "", result)
        return result

    def pieces(self) -> tuple[Piece, ...]:
        return load_pieces(self.work, VIDEO.name)

    def places(self) -> list[tuple[str, int, int]]:
        """Name, first frame and length of each clip."""
        return [(piece.name, piece.start, len(piece.slots)) for piece in self.pieces()]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def path_of(steps: NDArray[np.float64]) -> NDArray[np.float32]:
    """The face moved by so many pixels (x + iy) in each frame."""
    return landmarks(len(steps)) + np.stack([steps.real, steps.imag], -1)[:, None].astype(np.float32)


def test_one_face_gives_one_clip_of_the_same_name(scene: Scene) -> None:
    result = scene.run(landmarks(50))
    assert scene.places() == [("film", 0, 50)]
    assert not result.refused
    assert not result.remarks


def test_a_cut_and_a_long_stretch(scene: Scene) -> None:
    scene.run(landmarks(250), cuts=(40,))
    assert scene.places() == [("film--01", 0, 40), ("film--02", 40, 70), ("film--03", 110, 70), ("film--04", 180, 70)]


def test_faces_that_change_their_places_in_the_list_stay_apart(scene: Scene) -> None:
    left, right = landmarks(50, 40 + 40j), landmarks(50, 120 + 40j)
    points = np.stack([left, right], axis=1)
    points[10:20] = points[10:20, ::-1]
    points[30:] = points[30:, ::-1]
    scene.run(points)
    detections = load_detections(scene.work, VIDEO.name)
    for piece, own in zip(scene.pieces(), (left, right), strict=True):
        np.testing.assert_array_equal(piece.points(detections), own)


def test_a_clip_ends_where_the_mouth_leaves_the_picture(scene: Scene) -> None:
    result = scene.run(path_of(3.0 * np.arange(50) + 0j))  # the mouth begins at x = 80 and the picture ends at 160
    assert scene.places() == [("film", 0, 27)]
    assert result.remarks == ("no face from 1.08 s to 2.00 s",)


def test_a_mouth_at_the_edge_costs_its_own_clip_only(scene: Scene) -> None:
    """Frame by frame the mean of all lip points is inside; the middle of the crop, that of the outer ones, is not."""
    steps = np.zeros(60, dtype=complex)
    steps[30:] = 79.9  # the mouth at x = 159.9
    points = path_of(steps)
    points[30:, 6:26, 0] += 1
    points[30:, 26:, 0] -= 1
    result = scene.run(points, cuts=(30,))
    assert scene.places() == [("film--01", 0, 30)]
    ((name, reason, detail),) = [(r.clip, r.reason, r.detail) for r in result.refused]
    assert (name, reason) == ("film--02", "mouth_outside")
    assert "outside the picture in frame" in detail


@pytest.mark.parametrize(
    ("points", "seconds", "reason", "detail"),
    [
        (landmarks(9), None, "too_short", "9 frames at 25 a second; at least 10 are needed"),
        (landmarks(50), 0.2, "sound_short", r"the sound ends at 0\.20 s, the picture at 2\.00 s"),
        (landmarks(50) + np.float32(SIZE), None, "face_lost", "no face from 0.00 s to 2.00 s"),
    ],
)
def test_nothing_to_cut(
    scene: Scene, points: NDArray[np.float32], seconds: float | None, reason: str, detail: str
) -> None:
    with pytest.raises(UnusableClipError, match=detail) as caught:
        scene.run(points, seconds=seconds)
    assert caught.value.reason == reason


def test_a_small_face_is_refused_by_its_size(scene: Scene) -> None:
    result = scene.run(landmarks(50) / 5)
    assert result.value is None
    assert [refusal.reason for refusal in result.refused] == ["face_small"]
    assert f"{SCALE / 5:.1f} pixels" in result.refused[0].detail


def test_the_clip_ends_with_the_sound(scene: Scene) -> None:
    result = scene.run(landmarks(50), seconds=1.0)
    assert scene.places() == [("film", 0, 25)]
    assert result.remarks == ("the sound ends at 1.00 s, the picture at 2.00 s",)


def faces(frames: int, *seen: tuple[int, int]) -> NDArray[np.float32]:
    """Faces side by side, each to be seen from one frame to another, shape ``(T, F, 46, 2)``."""
    points = np.stack([landmarks(frames, 30 + 50 * place + 40j) for place in range(len(seen))], axis=1)
    for place, (start, stop) in enumerate(seen):
        points[:start, place] = points[stop:, place] = np.nan
    return points


def intervals(scene: Scene) -> dict[int, list[tuple[int, int]]]:
    """First frame of each clip and the one after its last, by track."""
    found: dict[int, list[tuple[int, int]]] = {}
    for piece in scene.pieces():
        found.setdefault(piece.track, []).append((piece.start, piece.stop))
    return found


def test_two_faces_in_a_long_stretch_are_sorted_and_cut_at_once(scene: Scene) -> None:
    scene.run(faces(180, (0, 180), (3, 180)))
    assert intervals(scene) == {0: [(0, 90), (90, 180)], 1: [(3, 90), (90, 180)]}
    assert [(piece.name, piece.start) for piece in scene.pieces()] == [
        ("film--01", 0),
        ("film--02", 3),
        ("film--03", 90),
        ("film--04", 90),
    ]
    assert not any(piece.alone for piece in scene.pieces())


def test_a_visitor_in_a_long_stretch(scene: Scene) -> None:
    scene.run(faces(400, (0, 400), (180, 220)))
    assert intervals(scene) == {0: [(0, 100), (100, 200), (200, 300), (300, 400)], 1: [(180, 200), (200, 220)]}
    assert [piece.alone for piece in scene.pieces()] == [True, False, False, False, False, True]


def test_one_that_comes_as_another_goes_is_alone(scene: Scene) -> None:
    scene.run(faces(120, (0, 64), (60, 120)))
    assert [(piece.start, piece.stop, piece.alone) for piece in scene.pieces()] == [(0, 64, True), (60, 120, True)]


def test_which_clips_span_the_whole_video(scene: Scene) -> None:
    scene.run(faces(90, (0, 90), (4, 87), (10, 90)))
    assert [piece.whole for piece in scene.pieces()] == [True, True, False]
    scene.run(landmarks(90), seconds=2.0)
    assert [piece.whole for piece in scene.pieces()] == [True]
    scene.run(landmarks(180))
    assert [piece.whole for piece in scene.pieces()] == [False, False]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 150), st.integers(1, 150)), min_size=1, max_size=3),
    st.floats(0.001, 1.2),
    st.floats(0.001, 3.0),
)
@example([(0, 60), (3, 50)], 1.0, 2.0)
@example([(0, 50)], 0.001, 0.001)
def test_clips_are_neither_too_short_nor_too_long(
    scene: Scene, seen: list[tuple[int, int]], least: float, longest: float
) -> None:
    """Where the limits contradict each other, the shortest length holds."""
    stage = TrackStage(min_seconds=least, max_seconds=longest)
    stretches = [(start, min(start + length, 200)) for start, length in seen]
    try:
        result = scene.run(faces(200, *stretches), stage=stage)
    except UnusableClipError:
        return
    assume(not result.refused)  # a clip so short that it lies within a gap
    frames = [len(piece.slots) for piece in scene.pieces()]
    assert min(frames) >= max(1, round(least * 25))
    if longest >= 2 * least + 0.04:
        assert max(frames) <= max(1, round(longest * 25))
    starts = [piece.start for piece in scene.pieces()]
    assert starts == sorted(starts)
    for parts in intervals(scene).values():
        assert all(stop == start for (_, stop), (start, _) in pairwise(parts))
