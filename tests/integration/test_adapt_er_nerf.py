"""What ER-NeRF does with the file that pase-adapt writes.

The first half runs anywhere: an independent rebuilding of ER-NeRF's loader and audio networks from the facts in
docs/renderers.md. The second half runs ER-NeRF itself, where PASE_RENDERERS_DIR names a folder with a checkout of it,
and also proves that the rebuilding computes the same numbers.
"""

import dataclasses
import itertools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin
from pase_adapters.renderers.er_nerf import SPEC
from pase_adapters.spec import Command, RowLayout

ORIGIN = Origin(SPEC.name, "hubert", "0123456789abcdef", "f" * 64, 25, gated=False)
SLOT = SPEC.slot("hubert")
WIDTH = 64
SCALE = 4.0  # sqrt(1024 / 64)
FRAMES = 44
MIDDLE = list(range(8, FRAMES - 8))
TRAINING = 40  # ER-NeRF keeps 10 / 11 of the frames for training


def index_track(frames: int, width: int = WIDTH) -> FeatureTrack:
    """Feature 0 is j + 1 in the middle of the j-th 20 ms, feature 1 is one, feature 2 is the time in video frames."""
    time = np.arange(5 * frames + 1) / 125
    states = np.full((len(time), width), 0.5, dtype=np.float32)
    states[:, 0] = time * 50 + 0.5
    states[:, 1] = 1
    states[:, 2] = time * 25
    return FeatureTrack(states, 125, frames / 25, ORIGIN.model_id)


def write(folder: Path, track: FeatureTrack, rows: int, layout: RowLayout = SLOT.layout) -> Path:
    path = folder / SLOT.training_file
    FeatureFile(layout, track, rows, ORIGIN).write(path)
    return path


# ER-NeRF, rebuilt -----------------------------------------------------------------------------------------------------


def load_like_er_nerf(path: Path, row_of_frame: list[int]) -> torch.Tensor:
    """Per frame its row, time axis last: ``(frames, width, columns)``; rows beyond the file repeat the last one."""
    array = torch.from_numpy(np.load(path)).float()
    assert array.ndim == 3
    return torch.stack([array[min(row, len(array) - 1)].T for row in row_of_frame])


def window_like_er_nerf(rows: torch.Tensor, frame: int) -> torch.Tensor:
    """Rows frame - 4 ... frame + 3; an end is filled with zeros shaped *like rows at hand*, so by no more than they."""
    before, after = max(0, 4 - frame), max(0, frame + 4 - len(rows))
    window = rows[max(0, frame - 4) : frame + 4]
    window = torch.cat([torch.zeros_like(window[:before]), window])
    return torch.cat([window, torch.zeros_like(window[:after])])


class AudioNetsLikeErNerf(nn.Module):
    """Row codes by four strided convolutions and two linear layers, then attention over eight rows."""

    def __init__(self, width: int = 1024) -> None:
        super().__init__()
        channels = [width, 32, 32, 64, 64]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(i, o, 3, stride=2, padding=1) for i, o in itertools.pairwise(channels)
        )
        self.linears = nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 32)])
        channels = [32, 16, 8, 4, 2, 1]
        self.attention = nn.ModuleList(nn.Conv1d(i, o, 3, padding=1) for i, o in itertools.pairwise(channels))
        self.weigh = nn.Linear(8, 8)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        leak = nn.functional.leaky_relu
        x = window[:, :, 0:16]
        for convolution in self.convolutions:
            x = leak(convolution(x), 0.02)
        x = self.linears[1](leak(self.linears[0](x.squeeze(-1)), 0.02))
        y = x.T[None]
        for convolution in self.attention:
            y = leak(convolution(y), 0.02)
        weights = self.weigh(y.reshape(1, 8)).softmax(dim=1)
        return weights @ x


# The contract ---------------------------------------------------------------------------------------------------------


def check_windows(windows: NDArray[np.float32], frames: list[int], total: int) -> None:
    """Windows ``(frames, 8, 1024, 16)`` hold, at every place, the moment that they should, and zeros elsewhere."""
    assert windows.shape == (len(frames), 8, 1024, 16)
    assert windows.dtype == np.float32
    assert np.isfinite(windows).all()
    for window, frame in zip(windows, frames, strict=True):
        for slot, row in enumerate(range(frame - 4, frame + 4)):
            moments = np.arange(2 * row - 8, 2 * row + 8)
            inside = (moments >= 0) & (moments < 2 * total) & (0 <= row < total)
            np.testing.assert_allclose(window[slot, 0], SCALE * (moments + 1) * inside, rtol=1e-5, atol=1e-4)
            np.testing.assert_array_equal(window[slot, 1], SCALE * inside)
            assert not window[slot, WIDTH:].any()
            if inside.all():  # the row's middle is the moment at which its video frame begins
                assert window[slot, 2].mean() / SCALE == pytest.approx(row, abs=1e-4)


def all_windows(path: Path, total: int = FRAMES) -> NDArray[np.float32]:
    rows = load_like_er_nerf(path, list(range(total)))
    return torch.stack([window_like_er_nerf(rows, frame) for frame in range(total)]).numpy()


def test_every_window_holds_the_right_rows_and_columns(tmp_path: Path) -> None:
    path = write(tmp_path, index_track(FRAMES), FRAMES)
    check_windows(all_windows(path), list(range(FRAMES)), FRAMES)


def test_file_is_plain_float32(tmp_path: Path) -> None:
    array = np.load(write(tmp_path, index_track(FRAMES), FRAMES), allow_pickle=False)
    assert array.shape == (FRAMES, 16, 1024)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous


def test_last_row_serves_frames_beyond_the_file(tmp_path: Path) -> None:
    rows = load_like_er_nerf(write(tmp_path, index_track(FRAMES), FRAMES), [FRAMES - 1, FRAMES, FRAMES + 1])
    assert torch.equal(rows[0], rows[1])
    assert torch.equal(rows[0], rows[2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_audio_networks_give_a_finite_code(tmp_path: Path, dtype: torch.dtype) -> None:
    noise = np.random.default_rng(0).normal(size=(5 * FRAMES + 1, WIDTH)).astype(np.float32)
    windows = torch.from_numpy(all_windows(write(tmp_path, FeatureTrack(noise, 125, FRAMES / 25), FRAMES)))
    torch.manual_seed(0)
    nets = AudioNetsLikeErNerf().to(dtype)
    for window in windows:
        code = nets(window.to(dtype))
        assert code.shape == (1, 32)
        assert code.isfinite().all()


@pytest.mark.parametrize("width", [44, 128, 512])
def test_first_layer_starts_as_lively_as_with_full_width(tmp_path: Path, width: int) -> None:
    generator = np.random.default_rng(0)
    spread = {}
    for size in (width, 1024):
        # Each 20 ms keep one value, so that interpolation does not lower the variance.
        noise = generator.normal(size=(2 * FRAMES, size)).astype(np.float32)
        states = noise[np.minimum(np.arange(5 * FRAMES + 1) * 2 // 5, 2 * FRAMES - 1)]
        path = write(tmp_path, FeatureTrack(states, 125, FRAMES / 25), FRAMES)
        torch.manual_seed(0)
        with torch.no_grad():
            spread[size] = float(AudioNetsLikeErNerf().convolutions[0](load_like_er_nerf(path, MIDDLE)).std())
    assert spread[width] == pytest.approx(spread[1024], rel=0.1)


def shifted_half_a_column(track: FeatureTrack) -> FeatureTrack:
    return dataclasses.replace(track, states=track.states + np.float32([0.5, 0, 0.25] + [0] * (WIDTH - 3)))


MUTATIONS: dict[str, Callable[[Path], Path]] = {
    "a column early": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(first_column=-9)),
    "a column late": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(first_column=-7)),
    "a row early": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(first_column=-10)),
    "a row late": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(first_column=-6)),
    "8 columns": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(columns=8)),
    "too narrow": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(width=512)),
    "100 Hz columns": lambda folder: write(folder, index_track(FRAMES), FRAMES, mutated(columns_per_second=100)),
    "sampled at frame starts": lambda folder: write(folder, shifted_half_a_column(index_track(FRAMES)), FRAMES),
    "a row too few": lambda folder: write(folder, index_track(FRAMES), FRAMES - 1),
    "ends held, not zero": lambda folder: write(
        folder, dataclasses.replace(index_track(FRAMES), duration=FRAMES / 25 + 1), FRAMES
    ),
}


def mutated(**changes: int) -> RowLayout:
    return dataclasses.replace(SLOT.layout, **changes)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_layout_is_caught(tmp_path: Path, mutation: str) -> None:
    path = MUTATIONS[mutation](tmp_path)
    with pytest.raises(AssertionError):
        check_windows(all_windows(path), list(range(FRAMES)), FRAMES)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_fewer_rows_than_the_smallest_allowed_crash_the_attention(tmp_path: Path, rows: int) -> None:
    """Three rows leave 7 of 8 places filled; this is why the layout's min_rows is 4."""
    windows = load_like_er_nerf(write(tmp_path, index_track(rows), rows), list(range(rows)))
    with pytest.raises(RuntimeError, match="shape"):
        AudioNetsLikeErNerf()(window_like_er_nerf(windows, 0))


def test_the_smallest_allowed_number_of_rows_works(tmp_path: Path) -> None:
    rows = SLOT.layout.min_rows
    windows = all_windows(write(tmp_path, index_track(rows), rows), rows)
    check_windows(windows, list(range(rows)), rows)
    assert AudioNetsLikeErNerf()(torch.from_numpy(windows[0])).isfinite().all()


# ER-NeRF itself -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkout() -> Path:
    folder = os.environ.get("PASE_RENDERERS_DIR")
    if not folder:
        pytest.skip("PASE_RENDERERS_DIR is not set: no folder with a checkout of ER-NeRF")
    path = Path(folder).resolve() / "ER-NeRF"
    if not (path / "nerf_triplane" / "provider.py").is_file():
        pytest.skip(f"{path} is no checkout of ER-NeRF")
    return path


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A processed subject of 44 grey frames, 40 for training and 4 for validation."""
    folder = tmp_path_factory.mktemp("my subjects") / "grey head"
    for name in ("gt_imgs", "torso_imgs", "ori_imgs"):
        (folder / name).mkdir(parents=True)
    marks = np.random.default_rng(0).uniform(8, 24, (68, 2))
    for frame in range(FRAMES):
        Image.new("RGB", (32, 32), (90, 90, 90)).save(folder / "gt_imgs" / f"{frame}.jpg")
        Image.new("RGBA", (32, 32), (90, 90, 90, 255)).save(folder / "torso_imgs" / f"{frame}.png")
        np.savetxt(folder / "ori_imgs" / f"{frame}.lms", marks, "%f")
    Image.new("RGB", (32, 32)).save(folder / "bc.jpg")
    (folder / "au.csv").write_text("frame, AU45_r\n" + "".join(f"{frame},0.3\n" for frame in range(FRAMES)))
    for split, frames in (("train", range(TRAINING)), ("val", range(TRAINING, FRAMES))):
        listed = [{"img_id": i, "aud_id": i, "transform_matrix": np.eye(4).tolist()} for i in frames]
        content = {"focal_len": 40.0, "cx": 16.0, "cy": 16.0, "frames": listed}
        (folder / f"transforms_{split}.json").write_text(json.dumps(content))
    return folder


def arguments_of(command: Command, **values: str) -> list[str]:
    """What follows ``python main.py`` in a printed command."""
    words = shlex.split(command.filled("python", SLOT.switch, **values).line)
    assert words[:2] == ["python", "main.py"]
    return words[2:]


@pytest.fixture(scope="module")
def seen(checkout: Path, subject: Path) -> dict[str, NDArray[np.float32]]:
    """What ER-NeRF's loaders and networks made of our files, by the commands that pase-adapt prints."""
    write(subject, index_track(FRAMES), FRAMES)
    novel = subject.parent / "speech_hu.npy"
    FeatureFile(SLOT.layout, index_track(30), 30, ORIGIN).write(novel)
    values = {"data": str(subject), "workspace": "trial", "features": str(novel), "audio": "speech.wav"}
    commands = {f"training {i}": command for i, command in enumerate(SPEC.training_commands)}
    commands["driving"] = SPEC.driving_commands[0]
    job, out = subject.parent / "job.json", subject.parent / "seen.npz"
    job.write_text(json.dumps({name: arguments_of(command, **values) for name, command in commands.items()}))
    done = subprocess.run(
        [
            os.environ.get("PASE_RENDERERS_PYTHON", sys.executable),
            str(Path(__file__).with_name("adapt_er_nerf_probe.py")),
            str(job),
            str(out),
        ],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["training 0", "training 1", "training 2"])
def test_real_training_sees_the_right_windows(seen: dict[str, NDArray[np.float32]], command: str) -> None:
    windows = seen[f"{command}/windows"]
    assert len(windows) == TRAINING
    whole = TRAINING - 3  # the loader cuts windows from its own split: the last 3 end in zeros, not in what follows
    check_windows(windows[:whole], list(range(whole)), FRAMES)
    assert not windows[-1, 5:].any()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["training 3", "training 4"])
def test_real_test_split_sees_its_own_rows(seen: dict[str, NDArray[np.float32]], command: str) -> None:
    windows = seen[f"{command}/windows"]
    assert len(windows) == FRAMES - TRAINING
    for index, frame in enumerate(range(TRAINING, FRAMES)):
        row = windows[index, 4]
        moments = np.arange(2 * frame - 8, 2 * frame + 8)
        np.testing.assert_allclose(row[0], SCALE * (moments + 1) * (moments < 2 * FRAMES), rtol=1e-5)
        assert not row[WIDTH:].any()


@pytest.mark.slow
def test_real_driving_renders_every_row(seen: dict[str, NDArray[np.float32]]) -> None:
    check_windows(seen["driving/windows"], list(range(30)), 30)


@pytest.mark.slow
def test_real_networks_take_the_file(seen: dict[str, NDArray[np.float32]]) -> None:
    for name in ("training 0", "training 4", "driving"):
        codes, half = seen[f"{name}/codes"], seen[f"{name}/half"]
        assert codes.shape == (len(seen[f"{name}/windows"]), 32)
        assert np.isfinite(codes).all()
        assert np.isfinite(half).all()


@pytest.mark.slow
def test_real_networks_agree_with_the_rebuilt_ones(seen: dict[str, NDArray[np.float32]]) -> None:
    nets = AudioNetsLikeErNerf()
    prefix = "driving/weight/"
    weights = [torch.from_numpy(seen[name]) for name in seen if name.startswith(prefix)]
    named = dict(zip(nets.state_dict(), weights, strict=True))  # both are declared in the order of the signal
    nets.load_state_dict(named)
    with torch.no_grad():
        codes = torch.cat([nets(torch.from_numpy(window)) for window in seen["driving/windows"]])
    np.testing.assert_allclose(codes.numpy(), seen["driving/codes"], rtol=1e-4, atol=1e-5)
