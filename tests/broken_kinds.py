"""What a test says of an odd video: how it is made, and what has to become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.odd_clips import Film, Sound, faces, film, mux, odd
from tests.raw_clips import landmarks, noise, write_landmarks, write_phones

Make = Callable[[Path], object]
"""Writes something into a folder; where it is one file, gives its path."""

RNG = np.random.default_rng(0)


@dataclass(frozen=True, slots=True)
class Kept:
    """Clips of so many frames.

    Attributes:
        frames: Of each clip.
        remark: Pattern of what is said of them.
        mouth: Whether the red mouth is to be seen in the middle of the crops.
        but: What becomes of one more clip, or file.
    """

    frames: tuple[int, ...]
    remark: str = ""
    mouth: bool = True
    but: "Refused | None" = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line in the table of quarantined clips, whose detail holds a pattern."""

    stage: str
    reason: str
    detail: str


def kept(*frames: int, remark: str = "", mouth: bool = True, but: Refused | None = None) -> Kept:
    return Kept(frames, remark, mouth, but)


def clip(*tracks: Film | Sound, name: str = "odd.mp4", frames: int = 25, **settings) -> Make:
    return lambda folder: odd(folder / name, *(tracks or (film(),)), frames=frames, **settings)


def then(make: Make, *actions: Callable[[Path], object]) -> Make:
    """Do something to what was made."""

    def run(folder: Path) -> None:
        path = make(folder)
        for action in actions:
            action(path)

    return run


def raw(data: bytes) -> Make:
    return lambda folder: (folder / "odd.mp4").write_bytes(data)


def points(values: np.ndarray) -> Make:
    return then(clip(), lambda path: write_landmarks(path, values))


def beside(suffix: str, data: str | bytes) -> Make:
    data = data.encode() if isinstance(data, str) else data
    return then(clip(), lambda path: path.with_suffix(suffix).write_bytes(data))


def phones(change: Callable[[str], str], seconds: float = 1.0) -> Make:
    def edit(path: Path) -> None:
        grid = write_phones(path, seconds)
        grid.write_text(change(grid.read_text()))

    return then(clip(), edit)


def tall(frames: int) -> list[np.ndarray]:
    """Pictures that are higher than wide."""
    return [np.pad(picture, ((0, 40), (0, 0), (0, 0)), mode="edge") for picture in faces(frames)]


def moving(step: float, frames: int = 50) -> np.ndarray:
    """The face goes to the right, in pixels per frame."""
    return landmarks(frames) + np.float32(step) * np.stack([np.arange(frames), np.zeros(frames)], 1)[:, None].astype(
        "f4"
    )


def lost(*stretches: tuple[int, int], frames: int = 50) -> np.ndarray:
    found = landmarks(frames)
    for start, stop in stretches:
        found[start:stop] = np.nan
    return found


def joined(name: str, second: Film, sound: Sound) -> Make:
    """Two broadcasts in one transport stream."""

    def make(folder: Path) -> None:
        path = odd(folder / name, film(), frames=48)
        later = mux(path.with_name("later.ts"), second, sound)
        path.write_bytes(path.read_bytes() + later.read_bytes())
        later.unlink()

    return make


def saved(write: Callable[[Path], object]) -> Make:
    return lambda folder: write(folder / "odd.mp4")


LONG = (film(50), Sound(noise(50)))
