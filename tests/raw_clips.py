"""Small raw videos with a known face, for tests of the preparation."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.textgrid import write_textgrid
from pase.phonemes.words import WordInterval
from pase.video.writing import write_video

SIZE, SCALE, EYES = 160, 60.0, 80 + 40j


def openings(frames: int, rate: float | Fraction = 25) -> NDArray[np.float64]:
    """Half the lip gap in eye distances, frame by frame: the mouth opens twice a second."""
    return 0.06 * (1 - np.cos(4 * np.pi * np.arange(frames) / float(rate)))


def landmarks(frames: int, eyes: complex = EYES) -> NDArray[np.float32]:
    """The face's points in pixels, shape ``(T, 46, 2)``."""
    angle = np.linspace(np.pi, -np.pi, 20, endpoint=False)
    gap = openings(frames)[:, None]
    outer = 0.28 * np.cos(angle) + 1j * np.sin(angle) * (0.08 + gap)
    inner = 0.22 * np.cos(angle) + 1j * np.sin(angle) * gap
    stable = np.tile(np.array([-0.5, -0.19 + 0.015j, 0.19 + 0.015j, 0.5, -0.04j, 0.05j]), (frames, 1))
    points = SCALE * np.concatenate([stable, 0.9j + outer, 0.9j + inner], axis=1) + eyes
    return np.stack([points.real, points.imag], axis=-1).astype(np.float32)


def pictures(frames: int, rate: float | Fraction = 25) -> list[NDArray[np.uint8]]:
    """160 x 160 pixels with a red mouth that opens."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    place = columns + 0.5 + 1j * (rows + 0.5) - (EYES + 0.9j * SCALE)
    shown = []
    for gap in openings(frames, rate):
        picture = np.full((SIZE, SIZE, 3), (200, 160, 140), dtype=np.uint8)
        picture[(place.real / (0.28 * SCALE)) ** 2 + (place.imag / ((0.08 + gap) * SCALE)) ** 2 < 1] = (180, 40, 40)
        shown.append(picture)
    return shown


def noise(frames: int, seed: int = 0) -> NDArray[np.float32]:
    """Sound of the length of so many frames at 16 kHz, louder in its middle."""
    loud = np.repeat(0.02 + 0.1 * np.sin(np.pi * np.arange(frames) / frames), 640)
    return (loud * np.random.default_rng(seed).standard_normal(frames * 640)).astype(np.float32)


def write_landmarks(video: Path, points: NDArray[np.float32]) -> None:
    """Landmarks beside a video."""
    np.savez(video.with_name(f"{video.stem}.landmarks.npz"), points=points)


def write_clip(video: Path, frames: int = 25, seed: int = 0, shown: Sequence[NDArray[np.uint8]] | None = None) -> Path:
    """A video with its landmarks beside it."""
    video.parent.mkdir(parents=True, exist_ok=True)
    write_video(video, shown if shown is not None else pictures(frames), noise(frames, seed))
    write_landmarks(video, landmarks(frames))
    return video


def write_phones(video: Path, seconds: float = 1.0) -> Path:
    """A TextGrid with B and IY beside a video."""
    phones = PhoneTrack((PhoneInterval("B", 0.0, 0.4), PhoneInterval("IY", 0.4, seconds)))
    grid = video.with_suffix(".TextGrid")
    write_textgrid(grid, [WordInterval("bee", 0.0, seconds)], phones, seconds)
    return grid


def quarantine(output: Path) -> dict[str, tuple[str, str, str, str]]:
    """The table of quarantined clips: clip to source, stage, reason, detail."""
    lines = (output / "quarantine.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["clip", "source", "stage", "reason", "detail"]
    rows = [line.split("\t") for line in lines[1:]]
    assert len({row[0] for row in rows}) == len(rows), "a clip stands in the table twice"
    return {clip: (source, stage, reason, detail) for clip, source, stage, reason, detail in rows}


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder but those of the work folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "work" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
