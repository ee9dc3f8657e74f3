"""What tests of every renderer share: features that say where they come from, subjects, and the renderers' own code.

Features count the moments they stand for, so that a wrong row, column, width or end shows as a wrong number.
"""

import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin
from pase_adapters.spec import Command, RendererSpec, RowLayout, Slot

FRAMES = 44
TRAINING = 40
"""Frames of a subject that its renderer trains on, the others are for validation: the family keeps 10 of 11."""

ROW_WINDOW = range(-4, 4)
"""Rows that the audio networks of RAD-NeRF's descendants see, counted from the frame's own."""


# Features that hold their own place -----------------------------------------------------------------------------------


def index_track(frames: int, width: int = 24) -> FeatureTrack:
    """Feature 0 is j + 1 in the middle of the j-th 20 ms, feature 1 is one, feature 2 is the time in video frames."""
    time = np.arange(5 * frames + 1) / 125
    states = np.full((len(time), width), 0.5, dtype=np.float32)
    states[:, 0] = time * 50 + 0.5
    states[:, 1] = 1
    states[:, 2] = time * 25
    return FeatureTrack(states, 125, frames / 25, "0123456789abcdef")


def noise_track(frames: int, width: int = 24) -> FeatureTrack:
    """Features of unit variance."""
    states = np.random.default_rng(0).normal(size=(5 * frames + 1, width)).astype(np.float32)
    return FeatureTrack(states, 125, frames / 25, "0123456789abcdef")


def write(path: Path, spec: RendererSpec, slot: Slot, track: FeatureTrack, rows: int) -> Path:
    """Write the rows of a track as `pase-adapt` does; into the slot's training file where the path is a folder."""
    path = path / slot.training_file if path.is_dir() else path
    origin = Origin(spec.name, slot.name, track.model_id, "f" * 64, slot.layout.rows_per_second, gated=False)
    FeatureFile(slot.layout.fitted(track.width), track, rows, origin).write(path)
    return path


def changed(slot: Slot, **changes: int) -> Slot:
    """The slot with another layout."""
    return dataclasses.replace(slot, layout=dataclasses.replace(slot.layout, **changes))


# The contract ---------------------------------------------------------------------------------------------------------


def check_row(row: NDArray[np.float32], number: int, layout: RowLayout, *, total: int, width: int) -> None:
    """One row ``(D, W)`` of a 25 fps subject holds the moments of video frame `number`, and zeros where none are.

    Args:
        row: What the renderer sees, time last.
        number: The row that it should be; zeros outside 0 ... total - 1.
        layout: Of the slot, fitted to the features.
        total: Rows of the recording.
        width: Features before padding.
    """
    scale = math.sqrt(row.shape[0] / width)
    moments = 2 * number + layout.first_column + np.arange(layout.columns)
    inside = (moments >= 0) & (moments < 2 * total) & (0 <= number < total)
    np.testing.assert_allclose(row[0], scale * (moments + 1) * inside, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(row[1], scale * inside, rtol=1e-6)
    assert not row[width:].any()
    if inside.all():
        middle = number + (layout.first_column + layout.columns / 2) / 2
        assert row[2].mean() / scale == pytest.approx(middle, abs=1e-4)


def check_windows(
    windows: NDArray[np.float32],
    frames: Sequence[int],
    layout: RowLayout,
    *,
    total: int,
    width: int = 24,
    rows: range = ROW_WINDOW,
) -> None:
    """Windows ``(frames, rows, D, W)`` hold, at every place, the moment that they should, and zeros elsewhere.

    Args:
        windows: What the audio networks see of each frame.
        frames: The video frames that they belong to.
        layout: Of the slot.
        total: Rows of the recording, beyond which only zeros may be.
        width: Features before padding.
        rows: The rows of a window, counted from the frame's own.
    """
    fitted = layout.fitted(width)
    assert windows.shape == (len(frames), len(rows), fitted.width, fitted.columns)
    assert windows.dtype == np.float32
    assert np.isfinite(windows).all()
    for window, frame in zip(windows, frames, strict=True):
        for row, place in zip(window, rows, strict=True):
            check_row(row, frame + place, fitted, total=total, width=width)


MUTATIONS: dict[str, Callable[[Slot], Slot]] = {
    "a column early": lambda slot: changed(slot, first_column=slot.layout.first_column - 1),
    "a column late": lambda slot: changed(slot, first_column=slot.layout.first_column + 1),
    "a row early": lambda slot: changed(slot, first_column=slot.layout.first_column - 2),
    "a row late": lambda slot: changed(slot, first_column=slot.layout.first_column + 2),
    "half the columns": lambda slot: changed(slot, columns=slot.layout.columns // 2),
    "too narrow": lambda slot: changed(slot, width=25),
    "100 Hz columns": lambda slot: changed(slot, columns_per_second=100),
}
"""Wrong layouts that a renderer's contract test has to catch, for features of at most 25."""


def mutated_tracks() -> dict[str, FeatureTrack]:
    """Wrong features that a renderer's contract test has to catch: tracks of `FRAMES` frames."""
    right = index_track(FRAMES)
    half_a_column = np.float32([0.5, 0, 0.25] + [0] * (right.width - 3))
    return {
        "sampled at frame starts": dataclasses.replace(right, states=right.states + half_a_column),
        "ends held, not zero": dataclasses.replace(right, duration=FRAMES / 25 + 1),
    }


# Subjects -------------------------------------------------------------------------------------------------------------


def make_subject(folder: Path, frames: int = FRAMES, training: int = TRAINING, size: int = 32) -> Path:
    """A subject of grey pictures as the NeRF family's preprocessing leaves it, with the first `training` frames to
    train on.

    Holds gt_imgs, torso_imgs, ori_imgs with landmarks, bc.jpg, au.csv and both lists of frames.
    """
    for name in ("gt_imgs", "torso_imgs", "ori_imgs"):
        (folder / name).mkdir(parents=True)
    marks = np.random.default_rng(0).uniform(size / 4, size * 3 / 4, (68, 2))
    for frame in range(frames):
        Image.new("RGB", (size, size), (90, 90, 90)).save(folder / "gt_imgs" / f"{frame}.jpg")
        Image.new("RGBA", (size, size), (90, 90, 90, 255)).save(folder / "torso_imgs" / f"{frame}.png")
        np.savetxt(folder / "ori_imgs" / f"{frame}.lms", marks, "%f")
    Image.new("RGB", (size, size)).save(folder / "bc.jpg")
    (folder / "au.csv").write_text("frame, AU45_r\n" + "".join(f"{frame},0.3\n" for frame in range(frames)))
    list_frames(folder / "transforms_train.json", range(training))
    list_frames(folder / "transforms_val.json", range(training, frames))
    return folder


def list_frames(path: Path, frames: Sequence[int], **more: object) -> None:
    """Write a split's list of frames, each with the row that bears its number; `more` goes into every frame."""
    listed = [{"img_id": i, "aud_id": i, "transform_matrix": np.eye(4).tolist(), **more} for i in frames]
    path.write_text(json.dumps({"focal_len": 40.0, "cx": 16.0, "cy": 16.0, "frames": listed}))


# The renderers' own code ----------------------------------------------------------------------------------------------


def checkout_or_skip(name: str, file: str) -> Path:
    """The checkout of a renderer in the folder that PASE_RENDERERS_DIR names, known by one of its files."""
    folder = os.environ.get("PASE_RENDERERS_DIR")
    if not folder:
        pytest.skip(f"PASE_RENDERERS_DIR is not set: no folder with a checkout of {name}")
    path = Path(folder).resolve() / name
    if not (path / file).is_file():
        pytest.skip(f"{path} is no checkout of {name}: no {file}")
    return path


def words_after(command: Command, slot: Slot, **values: str) -> list[str]:
    """Words that a shell hands to Python for a printed command: the script and its arguments."""
    assert "{python}" in command.line
    print_words = """python() { printf '%s\\0' "$@"; }; """
    line = print_words + command.filled("python", slot.switch, **values).line
    done = subprocess.run([shutil.which("bash") or "bash", "-c", line], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def run_probe(probe: Path, checkout: Path, job: Mapping[str, object], folder: Path) -> dict[str, NDArray[np.float32]]:
    """Run a script in a checkout, by the Python that has the renderer's packages, and give the arrays that it saves.

    Args:
        probe: The script; it is given a JSON file of the job and a path to save an ``.npz`` of its arrays to.
        checkout: Folder to run it in; nothing is written there.
        job: What to do.
        folder: For the job and the arrays.
    """
    given, out = folder / f"{probe.stem}.json", folder / f"{probe.stem}.npz"
    given.write_text(json.dumps(job))
    done = subprocess.run(
        [os.environ.get("PASE_RENDERERS_PYTHON", sys.executable), str(probe), str(given), str(out)],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
