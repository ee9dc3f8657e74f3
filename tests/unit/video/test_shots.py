"""Hard cuts between shots."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pase.video.shots import CutFinder

Picture = NDArray[np.uint8]


def scene(seed: int, shift: int = 0, size: tuple[int, int] = (90, 160)) -> Picture:
    """A picture of coloured blocks, moved to the right by some pixels."""
    blocks = np.random.default_rng(seed).integers(0, 255, (9, 40, 3), dtype=np.uint8)
    return blocks.repeat(size[0] // 9, axis=0).repeat(10, axis=1)[:, shift : shift + size[1]]


def cuts(pictures: list[Picture]) -> list[int]:
    finder = CutFinder()
    return [number for number, picture in enumerate(pictures) if finder.push(picture)]


def test_a_cut_is_found_at_its_frame() -> None:
    assert cuts([scene(0)] * 5 + [scene(1)] * 4 + [scene(2)]) == [5, 9]


def test_slow_motion_is_no_cut() -> None:
    assert cuts([scene(0, shift) for shift in range(20)]) == []


def test_a_cut_is_found_within_motion() -> None:
    assert cuts([scene(0, shift) for shift in range(10)] + [scene(1, shift) for shift in range(10)]) == [10]


def test_a_shaking_camera_is_one_shot() -> None:
    shifts = [0, 0, 0, 2, 5, 1, 6, 2, 7, 0, 5, 1]
    assert cuts([scene(0, shift) for shift in shifts]) == []


def test_repeated_pictures_do_not_make_motion_a_cut() -> None:
    assert cuts([scene(0, number // 2) for number in range(24)]) == []


def test_another_size_is_another_shot() -> None:
    assert cuts([scene(0), scene(0, size=(90, 120))]) == [1]


@pytest.mark.parametrize("value", [0, 255])
def test_plain_pictures_are_one_shot(value: int) -> None:
    assert cuts([np.full((40, 40, 3), value, dtype=np.uint8)] * 5) == []
