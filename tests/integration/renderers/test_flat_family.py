"""What 2-D renderers do with the files that pase-adapt writes: Ultralight-Digital-Human and SyncTalk_2D.

The first half runs anywhere: their loaders rebuilt from the facts in docs/renderers.md. The second half runs their own
datasets, networks and, where it runs without a GPU, inference, where PASE_RENDERERS_DIR names a folder with checkouts.
"""

import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tests.integration.renderers.contract import checkout_or_skip

from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin
from pase_adapters.renderers import livetalking, synctalk_2d, ultralight
from pase_adapters.spec import RendererSpec, Slot

WIDTH = 64
FRAMES = 24
PIXELS = 64


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a renderer makes of a feature file.

    Attributes:
        spec: The renderer.
        slot: Its slot.
        half: Rows before and after the middle of a window.
        shape: Of the pictures that it makes of a window.
        moments: Short frames in a row.
        lost: Rows at the end that are never the middle of a window.
    """

    spec: RendererSpec
    slot: Slot
    half: int
    shape: tuple[int, int, int]
    moments: int
    lost: int = 0

    @property
    def scale(self) -> float:
        return float(np.sqrt((self.slot.layout.width or WIDTH) / WIDTH))


ULTRALIGHT = Reading(ultralight.SPEC, ultralight.SPEC.slot("hubert"), 4, (16, 32, 32), 2)
AVE = Reading(synctalk_2d.SPEC, synctalk_2d.SPEC.slot("ave"), 8, (32, 16, 16), 1, lost=1)
HUBERT = Reading(synctalk_2d.SPEC, synctalk_2d.SPEC.slot("hubert"), 8, (32, 32, 32), 2, lost=1)
READINGS = pytest.mark.parametrize(
    "reading",
    [pytest.param(some, id=f"{some.spec.name} {some.slot.name}") for some in (ULTRALIGHT, AVE, HUBERT)],
)


def index_track(frames: int, late: float = 0) -> FeatureTrack:
    """Feature 0 is one more than the time in video frames, feature 1 is one."""
    time = np.arange(5 * frames + 1) / 125
    states = np.full((len(time), WIDTH), 0.5, dtype=np.float32)
    states[:, 0] = time * 25 + 1 + late
    states[:, 1] = 1
    return FeatureTrack(states, 125, frames / 25, "0123456789abcdef")


def write(
    reading: Reading, folder: Path, rows: int = FRAMES, track: FeatureTrack | None = None, **changes: Any
) -> Path:
    path = folder / reading.slot.training_file
    layout = dataclasses.replace(reading.slot.layout, **changes)
    origin = Origin(reading.spec.name, reading.slot.name, "0123456789abcdef", "f" * 64, 25, gated=False)
    FeatureFile(layout, track or index_track(rows), rows, origin).write(path)
    return path


def windows_of(reading: Reading, path: Path) -> NDArray[np.float32]:
    """The pictures of every frame; an end is filled with zeros shaped *like rows at hand*, so by no more than they."""
    array = torch.from_numpy(np.load(path).astype(np.float32))
    windows = []
    for frame in range(len(array) - reading.lost):
        first, last = frame - reading.half, frame + reading.half
        rows = array[max(0, first) : min(last, len(array))]
        rows = torch.cat([torch.zeros_like(rows[: max(0, -first)]), rows])
        rows = torch.cat([rows, torch.zeros_like(rows[: max(0, last - len(array))])])
        windows.append(rows.reshape(reading.shape))
    return torch.stack(windows).numpy()


def check(reading: Reading, windows: NDArray[np.float32], total: int = FRAMES) -> None:
    """Every picture holds, at every place, the moment that it should, and zeros elsewhere."""
    assert windows.shape == (total - reading.lost, *reading.shape)
    assert windows.dtype == np.float32
    steps = windows.reshape(len(windows), 2 * reading.half, reading.moments, reading.slot.layout.width or WIDTH)
    for frame, window in enumerate(steps):
        row = np.arange(frame - reading.half, frame + reading.half)[:, None]
        moment = row + (np.arange(reading.moments) + 0.5) / reading.moments
        inside = (row >= 0) & (row < total) & (moment > 0)
        np.testing.assert_allclose(window[..., 0], reading.scale * (moment + 1) * inside, rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(window[..., 1], reading.scale * inside, rtol=1e-6)
        assert not window[..., WIDTH:].any()


@READINGS
def test_every_picture_holds_the_right_moments(reading: Reading, tmp_path: Path) -> None:
    check(reading, windows_of(reading, write(reading, tmp_path)))


def test_what_the_first_picture_begins_with() -> None:
    """Ultralight's window is that of ER-NeRF's real-time kin: short frames 2i - 8 ... 2i + 7."""
    layout = ULTRALIGHT.slot.layout
    assert (-ULTRALIGHT.half * layout.columns + layout.first_column, 2 * ULTRALIGHT.half * layout.columns) == (-8, 16)
    assert livetalking.SPEC.slots == ultralight.SPEC.slots


MUTATIONS: dict[str, Callable[[Reading, Path], Path]] = {
    "a column early": lambda reading, folder: write(reading, folder, first_column=-1),
    "a column late": lambda reading, folder: write(reading, folder, first_column=1),
    "columns twice as fast": lambda reading, folder: write(reading, folder, columns_per_second=100),
    "half the width": lambda reading, folder: write(reading, folder, width=256),
    "a row too few": lambda reading, folder: write(reading, folder, FRAMES - 1),
    "sampled early": lambda reading, folder: write(reading, folder, track=index_track(FRAMES, late=-0.25)),
    "the end left out": lambda reading, folder: write(
        reading, folder, track=dataclasses.replace(index_track(FRAMES), duration=FRAMES / 25 - 0.05)
    ),
}


@READINGS
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_layout_is_caught(reading: Reading, mutation: str, tmp_path: Path) -> None:
    path = MUTATIONS[mutation](reading, tmp_path)
    with pytest.raises((AssertionError, RuntimeError)):  # their reshape refuses another number of values
        check(reading, windows_of(reading, path))


def test_as_many_numbers_in_another_order_are_caught(tmp_path: Path) -> None:
    """Ultralight's reshape looks at their number alone."""
    path = write(ULTRALIGHT, tmp_path, columns=4, width=512)
    with pytest.raises(AssertionError):
        check(ULTRALIGHT, windows_of(ULTRALIGHT, path))


@READINGS
def test_fewest_rows(reading: Reading, tmp_path: Path) -> None:
    fewest = reading.slot.layout.min_rows
    check(reading, windows_of(reading, write(reading, tmp_path, fewest)), fewest)
    with pytest.raises(RuntimeError, match="shape"):
        windows_of(reading, write(reading, tmp_path, fewest - 1))


# The renderers themselves ---------------------------------------------------------------------------------------------

MODULES = {
    "ultralight": ("Ultralight-Digital-Human", "train", "datasetsss", "unet", 160),
    "synctalk-2d": ("SyncTalk_2D", "train_328", "datasetsss_328", "unet_328", 320),
}
"""Folder, training script, modules of dataset and network, pixels of a side."""


def checkout_of(reading: Reading) -> Path:
    name, script, *_ = MODULES[reading.spec.name]
    return checkout_or_skip(name, f"{script}.py")


def make_subject(folder: Path) -> Path:
    (folder / "full_body_img").mkdir(parents=True)
    (folder / "landmarks").mkdir()
    marks = np.full((110, 2), 20.0)
    marks[1], marks[31], marks[52] = (8, 20), (56, 20), (32, 8)
    for frame in range(FRAMES):
        Image.new("RGB", (PIXELS, PIXELS), (90, 90, 90)).save(folder / "full_body_img" / f"{frame}.jpg")
        np.savetxt(folder / "landmarks" / f"{frame}.lms", marks, "%f")
    return folder


def run(checkout: Path, *arguments: str) -> None:
    python = os.environ.get("PASE_RENDERERS_PYTHON", sys.executable)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, *arguments], cwd=checkout, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]


def words_of(reading: Reading, line: str) -> list[str]:
    words = shlex.split(line)
    assert words[0] == "python"
    assert reading.slot.switch in line
    return words[1:]


def values_of(subject: Path) -> dict[str, str]:
    folder = subject.parent
    return {
        "data": str(subject),
        "workspace": str(folder / "trial"),
        "features": str(folder / "speech_hu.npy"),
        "audio": "",
    }


@pytest.mark.slow
@READINGS
def test_real_dataset_and_network(reading: Reading, tmp_path: Path) -> None:
    checkout = checkout_of(reading)
    _, script, dataset, net, pixels = MODULES[reading.spec.name]
    subject = make_subject(tmp_path / "a head")
    path = write(reading, subject)
    command = reading.spec.training_commands[0].filled("python", reading.slot.switch, **values_of(subject))
    words = words_of(reading, command.line)
    assert words[0] == f"{script}.py"
    task, out = tmp_path / "task.json", tmp_path / "out.npz"
    modules = {"script": script, "dataset": dataset, "net": net, "weights": str(tmp_path / "last.pth")}
    task.write_text(json.dumps({**modules, "arguments": words[1:]}))
    run(checkout, str(Path(__file__).with_name("flat_family_probe.py")), str(task), str(out))
    with np.load(out, allow_pickle=False) as seen:
        check(reading, seen["windows"])
        np.testing.assert_array_equal(seen["windows"], windows_of(reading, path))
        assert seen["pictures"].shape == (3, 3, pixels, pixels)
        assert np.isfinite(seen["pictures"]).all()
    if reading is ULTRALIGHT:
        check_inference(checkout, subject)


def check_inference(checkout: Path, subject: Path) -> None:
    """Its inference script, on other sound than the subject's: a picture a row."""
    workspace = subject.parent / "trial"
    workspace.mkdir()
    shutil.copy(subject.parent / "last.pth", workspace)
    shutil.copy(write(ULTRALIGHT, subject, rows=7), subject.parent / "speech_hu.npy")
    command = ULTRALIGHT.spec.driving_commands[0].filled("python", ULTRALIGHT.slot.switch, **values_of(subject))
    run(checkout, *words_of(ULTRALIGHT, command.line))
    video = workspace / "talking.mp4"
    count = "import cv2, sys; sys.exit(int(cv2.VideoCapture(sys.argv[1]).get(cv2.CAP_PROP_FRAME_COUNT)) != 7)"
    run(checkout, "-c", count, str(video))
