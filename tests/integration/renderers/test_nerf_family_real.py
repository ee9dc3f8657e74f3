"""RAD-NeRF, ER-NeRF and SyncTalk themselves on the files that pase-adapt writes and by the commands that it prints.

Runs where PASE_RENDERERS_DIR names a folder with checkouts of them.
"""

import itertools
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tests.integration.renderers.contract import (
    FRAMES,
    TRAINING,
    check_windows,
    checkout_or_skip,
    index_track,
    make_subject,
    run_probe,
    words_after,
    write,
)
from tests.integration.renderers.nerf_rebuilt import AudioNets

from pase_adapters.renderers import er_nerf, rad_nerf, synctalk
from pase_adapters.spec import RendererSpec, Slot

pytestmark = pytest.mark.slow
SPOKEN = 50
"""Rows of another recording: more than a subject of 44 frames has poses."""

SHORT = TRAINING + 1
"""Rows of a file that ends before its video."""


@dataclass(frozen=True)
class Renderer:
    """A renderer's checkout, and how many numbers its audio networks make of a row."""

    spec: RendererSpec
    folder: str
    package: str
    codes: int


RENDERERS = {
    "rad-nerf": Renderer(rad_nerf.SPEC, "RAD-NeRF", "nerf", 64),
    "er-nerf": Renderer(er_nerf.SPEC, "ER-NeRF", "nerf_triplane", 32),
    "synctalk": Renderer(synctalk.SPEC, "SyncTalk", "nerf_triplane", 32),
}


def prepare(folder: Path) -> Path:
    """A subject with everything that any of the three opens."""
    make_subject(folder)
    (folder / "parsing").mkdir()
    for frame in range(FRAMES):
        for name in (f"ori_imgs/{frame}.jpg", f"parsing/{frame}_face.png"):
            Image.new("RGB", (32, 32), (90, 90, 90)).save(folder / name)
    np.save(folder / "bs.npy", np.full((FRAMES, 52), 0.1, np.float32))
    return folder


class Seen:
    """What a renderer's own code made of every printed command, for each of its slots."""

    def __init__(self, renderer: Renderer, folder: Path) -> None:
        self.renderer, self.folder = renderer, folder
        self.source = prepare(folder / "grey head")

    @cached_property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        spec = self.renderer.spec
        loads = {name: job for slot in spec.slots for name, job in self.jobs(slot).items()}
        first = spec.slots[0]
        short = shutil.copytree(self.source, self.folder / "short")
        write(short, spec, first, index_track(SHORT), SHORT)
        loads["short"] = (words_after(spec.training_commands[-1], first, **self.values(short))[1:], False)
        lost = {**self.values(self.source), "features": str(self.folder / "absent.npy")}
        fails = {"lost": words_after(spec.driving_commands[0], first, **lost)[1:]}
        checkout = checkout_or_skip(self.renderer.folder, f"{self.renderer.package}/provider.py")
        job = {"package": self.renderer.package, "loads": loads, "fails": fails}
        return run_probe(Path(__file__).with_name("nerf_family_probe.py"), checkout, job, self.folder)

    def values(self, subject: Path) -> dict[str, str]:
        features = str(subject.with_name(f"speech of {subject.name}.npy"))
        return {"data": str(subject), "workspace": "trial", "features": features, "audio": "speech.wav"}

    def jobs(self, slot: Slot) -> dict[str, tuple[list[str], bool]]:
        spec = self.renderer.spec
        subject = shutil.copytree(self.source, self.folder / f"subject for {slot.name}")
        values = self.values(subject)
        write(subject, spec, slot, index_track(FRAMES), FRAMES)
        write(Path(values["features"]), spec, slot, index_track(SPOKEN), SPOKEN)
        commands = {f"training {i}": command for i, command in enumerate(spec.training_commands)}
        commands["driving"] = spec.driving_commands[0]
        jobs = {}
        for name, command in commands.items():
            script, *arguments = words_after(command, slot, **values)
            assert script == "main.py"
            jobs[f"{slot.name}/{name}"] = (arguments, not slot.launched)
        return jobs


@pytest.fixture(scope="module", params=RENDERERS)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    renderer = RENDERERS[request.param]
    checkout_or_skip(renderer.folder, f"{renderer.package}/provider.py")
    return Seen(renderer, tmp_path_factory.mktemp("my subjects"))


def commands(seen: Seen, slot: Slot) -> tuple[list[str], list[str]]:
    """Names of the commands that load the training and the validation split."""
    numbered = enumerate(seen.renderer.spec.training_commands)
    names = {f"{slot.name}/training {i}": "--test" in command.line for i, command in numbered}
    return [name for name, test in names.items() if not test], [name for name, test in names.items() if test]


def test_training_sees_the_right_windows(seen: Seen) -> None:
    whole = TRAINING - 3  # the loader cuts windows from its own split: the last 3 end in zeros, not in what follows
    for slot in seen.renderer.spec.slots:
        training, _ = commands(seen, slot)
        assert len(training) >= 2
        for name in training:
            windows = seen.arrays[f"{name}/windows"]
            assert len(windows) == TRAINING
            check_windows(windows[:whole], range(whole), slot.layout, total=FRAMES)
            assert not windows[-1, 5:].any()


def test_validation_sees_its_own_rows_and_zeros_before(seen: Seen) -> None:
    for slot in seen.renderer.spec.slots:
        _, tests = commands(seen, slot)
        assert tests
        for name in tests:
            windows = seen.arrays[f"{name}/windows"]
            assert len(windows) == FRAMES - TRAINING
            for place, window in enumerate(windows):
                assert not window[: 4 - place].any()
                check_windows(window[None, 4:5], [TRAINING + place], slot.layout, total=FRAMES, rows=range(1))


def test_driving_renders_every_row(seen: Seen) -> None:
    for slot in seen.renderer.spec.slots:
        windows = seen.arrays[f"{slot.name}/driving/windows"]
        check_windows(windows, range(SPOKEN), slot.layout, total=SPOKEN)


def test_networks_take_the_file(seen: Seen) -> None:
    for slot in seen.renderer.spec.slots:
        if slot.launched:
            continue
        for name in (*itertools.chain(*commands(seen, slot)), f"{slot.name}/driving"):
            codes, half = seen.arrays[f"{name}/codes"], seen.arrays[f"{name}/half"]
            assert codes.shape == (len(seen.arrays[f"{name}/windows"]), seen.renderer.codes)
            assert np.isfinite(codes).all()
            assert np.isfinite(half).all()


def test_networks_agree_with_the_rebuilt_ones(seen: Seen) -> None:
    for slot in seen.renderer.spec.slots:
        if slot.launched:
            continue
        prefix = f"{slot.name}/driving/weight/"
        weights = {name.removeprefix(prefix): seen.arrays[name] for name in seen.arrays if name.startswith(prefix)}
        assert next(iter(weights)) == seen.renderer.spec.audio_layer
        nets = AudioNets(slot.layout.width, seen.renderer.codes)
        own = map(torch.from_numpy, weights.values())
        nets.load_state_dict(dict(zip(nets.state_dict(), own, strict=True)))  # both in the order of the signal
        with torch.no_grad():
            windows = torch.from_numpy(seen.arrays[f"{slot.name}/driving/windows"])
            codes = torch.cat([nets(window) for window in windows])
        np.testing.assert_allclose(codes.numpy(), seen.arrays[f"{slot.name}/driving/codes"], rtol=1e-4, atol=1e-5)


def test_a_short_file_repeats_its_last_row(seen: Seen) -> None:
    slot = seen.renderer.spec.slots[0]
    last = seen.arrays["short/windows"][-1]  # rows 40, 41 ... of which the file has only the first
    check_windows(last[None, 1:2], [TRAINING], slot.layout, total=SHORT, rows=range(1))
    for row in last[2:5]:
        np.testing.assert_array_equal(row, last[1])


def test_columns_beyond_16_are_cut_off_in_silence(seen: Seen) -> None:
    np.testing.assert_array_equal(seen.arrays["edge/20"], seen.arrays["edge/16"])
    assert not np.array_equal(seen.arrays["edge/2"], seen.arrays["edge/16"])
    assert np.isfinite(seen.arrays["edge/1"]).all()


def test_three_rows_crash_the_attention(seen: Seen) -> None:
    assert "shape '[1, 8]' is invalid for input of size 7" in str(seen.arrays["edge/three rows"])


def test_a_lost_file_is_an_error(seen: Seen) -> None:
    expected = "UnboundLocalError" if seen.renderer.spec.name == "synctalk" else "FileNotFoundError"
    assert str(seen.arrays["lost/error"]).startswith(expected)
