"""The windows of real-time paths are those of the feature file, for every frame.

The first half of the cases runs anywhere, on real-time paths rebuilt from the facts in docs/renderers.md; the second
half on the renderers' own code, where PASE_RENDERERS_DIR names a folder with checkouts. Both hear the same worker.
"""

import functools
import json
import os
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.integration.renderers.contract import checkout_or_skip

from pase.inference.encoder import PASE
from pase_adapters.layout import make_rows
from pase_adapters.renderer_side import run as renderer_side
from pase_adapters.renderer_side.orders import Orders
from pase_adapters.renderers.family import ROWS_OF_16
from pase_adapters.streaming import hook
from pase_adapters.streaming.hook import StreamHook
from pase_adapters.streaming.worker import look_ahead

HERE = Path(__file__).parent
FRAMES = 60
SAMPLES = 640 * FRAMES - 500  # the last chunk is cut short
WIDE, NARROW = 1024, 6  # as in a HuBERT slot; narrower than the features


@dataclass(frozen=True)
class Way:
    """A real-time path: the hook into it, what drives it, and where the code lies."""

    name: str
    hook: StreamHook
    runner: str
    checkout: str = ""


LOADERS = ("streaming_rebuilt:AutoProcessor", "streaming_rebuilt:AutoModelForCTC")
RINGS = [
    Way("rebuilt", StreamHook("ring", "streaming_rebuilt:FileRing", LOADERS), "file"),
    Way("rad-nerf", hook.RAD_NERF, "file", "RAD-NeRF"),
    Way("er-nerf", hook.ER_NERF, "file", "ER-NeRF"),
    Way("synctalk", hook.ER_NERF, "file", "SyncTalk"),
]
SERVED = [
    Way("rebuilt", StreamHook("ring", "streaming_rebuilt:ServedRing", LOADERS), "served"),
    Way("metahuman-stream", hook.METAHUMAN_STREAM, "served", "metahuman-stream"),
]
BATCHES = [
    Way("rebuilt", StreamHook("windows", "streaming_rebuilt:Batches", ("streaming_rebuilt:Audio2Feature",)), "batches"),
    Way("livetalking", hook.LIVETALKING, "batches", "LiveTalking"),
]
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "file": {
        **{f"m {m}": {"m": m} for m in (4, 6, 8, 9, 10, 50)},
        "r 1": {"r": 1},
        "25 chunks a second": {"fps": 25},
        "saving": {"asr_save_feats": True},
    },
    "served": {
        **{f"m {m}": {"m": m, "asr_model": "hubert"} for m in (4, 6, 8, 12)},
        "no attention": {"att": 0},
    },
    "batches": {"r 10": {}, "r 3, l 4": {"r": 3, "l": 4}},
}


def ways(some: list[Way]) -> Any:
    return pytest.mark.parametrize("way", [pytest.param(way, id=way.name) for way in some])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A speech-like sound that 16-bit files hold exactly, as sound.wav and in chunks as sound.npy."""
    folder = tmp_path_factory.mktemp("sound")
    loudness = np.abs(np.sin(np.arange(SAMPLES) / 3000)) * 4000
    samples = np.int16(loudness * np.random.default_rng(0).standard_normal(SAMPLES))
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 16000, SAMPLES, "NONE", ""))
        file.writeframes(samples.tobytes())
    whole = samples[: SAMPLES // 320 * 320].astype(np.float32) / 32768
    np.save(folder / "sound.npy", whole)
    return folder


@dataclass(frozen=True)
class Outcome:
    """What came out of the cases of a way."""

    printed: str
    arrays: dict[str, NDArray[Any]]

    def error(self, case: str) -> str:
        return str(self.arrays[f"{case}/error"])


Run = Callable[[Way, int | None], Outcome]


def folder_of(way: Way) -> Path:
    """Where the code lies."""
    if not way.checkout:
        return HERE
    return checkout_or_skip(way.checkout, way.hook.file)


def start(way: Way, sound: Path, checkpoint: Path, width: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the cases in a process of their own; what they give goes to ``out.npz`` beside the sound."""
    python = os.environ.get("PASE_RENDERERS_PYTHON", sys.executable) if way.checkout else sys.executable
    options = {"asr_model": "esperanto", "asr_wav": str(sound / "sound.wav"), "asr_play": False}
    options |= {"asr_save_feats": False, "batch_size": 4, "att": 2, "l": 10, "m": 8, "r": 10}
    options |= {"fps": 25 if way.runner == "batches" else 50}
    task = {
        "runner": way.runner,
        "frames": FRAMES,
        "steps": 24,
        "path": [str(folder_of(way))],
        "cases": {name: {**options, **given} for name, given in CASES[way.runner].items()},
        "sound": str(sound / "sound.npy"),
        "run": renderer_side.__file__,
        "orders": Orders(hearing=way.hook.orders(checkpoint, width)).to_json(),
        "loaders": way.hook.loaders,
        "asr": way.hook.asr,
    }
    (sound / "task.json").write_text(json.dumps(task))
    return subprocess.run(
        [python, "-W", "ignore", str(HERE / "streaming_probe.py"), str(sound / "task.json"), str(sound / "out.npz")],
        cwd=sound,  # LiveTalking writes a log where it is started
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.fixture(scope="module")
def run(sound: Path, tiny_checkpoint: Path) -> Run:
    @functools.cache
    def run_once(way: Way, width: int | None) -> Outcome:
        done = start(way, sound, tiny_checkpoint, width)
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(sound / "out.npz", allow_pickle=False) as arrays:
            return Outcome(done.stdout, {name: arrays[name] for name in arrays.files})

    return run_once


def rows_of_file(checkpoint: Path, samples: NDArray[np.float32], width: int | None, count: int) -> NDArray[np.float32]:
    """What pase-adapt writes of this sound, and the rows that it would write behind the end: all zero at last."""
    encoder = PASE.from_pretrained(checkpoint)
    narrow = width if width is not None and width < encoder.width else None
    return make_rows(encoder.encode(samples, 16000, width=narrow), replace(ROWS_OF_16, width=width), 0, count)


def attention_windows(rows: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Rows f - 4 ... f + 3 of every frame, features before time: ``(frames, 8, D, 16)``."""
    before = np.zeros((4, *rows.shape[1:]), np.float32)
    padded = np.concatenate([before, rows]).transpose(0, 2, 1)
    return np.stack([padded[frame : frame + 8] for frame in range(frames)])


def check(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> None:
    assert np.abs(wanted).max() > 0.1  # not a comparison of zeros
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@ways(RINGS)
@pytest.mark.parametrize("middle", [8, 9, 10, 50])
def test_ring_on_a_file(way: Way, middle: int, run: Run, sound: Path, tiny_checkpoint: Path) -> None:
    found = run(way, NARROW).arrays[f"m {middle}/windows"]
    with wave.open(str(sound / "sound.wav")) as file:
        samples = np.frombuffer(file.readframes(-1), np.int16)
    check(found, attention_windows(rows_of_file(tiny_checkpoint, samples, NARROW, FRAMES + 4), FRAMES))


@ways(RINGS)
def test_too_little_sound_behind_a_row_is_mended(way: Way, run: Run, tiny_checkpoint: Path) -> None:
    outcome = run(way, NARROW)
    least = look_ahead(PASE.from_pretrained(tiny_checkpoint).stream().spec)
    assert f"going on with -r {least} in place of -r 1" in outcome.printed
    check(outcome.arrays["r 1/windows"], outcome.arrays["m 8/windows"])


@ways(SERVED)
@pytest.mark.parametrize("case", ["m 8", "m 12", "no attention"])
def test_sessions_of_a_served_ring(way: Way, case: str, run: Run, tiny_checkpoint: Path) -> None:
    found = run(way, WIDE).arrays
    for session in "01":
        rows = rows_of_file(tiny_checkpoint, found[f"{case}/played{session}"], WIDE, FRAMES + 4)
        wanted = attention_windows(rows, FRAMES)
        check(found[f"{case}/windows{session}"], wanted[:, 4:5] if case == "no attention" else wanted)


@ways(BATCHES)
@pytest.mark.parametrize("case", ["r 10", "r 3, l 4"])
def test_batches_around_a_silence(way: Way, case: str, run: Run, tiny_checkpoint: Path) -> None:
    outcome = run(way, WIDE)
    least = 6 + look_ahead(PASE.from_pretrained(tiny_checkpoint).stream().spec)
    assert f"-r {least} in place of -r 3" in outcome.printed
    assert "-l 8 in place of -l 4" in outcome.printed
    heard = ~outcome.arrays[f"{case}/silent"]
    assert heard.any()
    assert not heard.all()
    rows = rows_of_file(tiny_checkpoint, outcome.arrays[f"{case}/played"], WIDE, len(heard))
    check(outcome.arrays[f"{case}/windows"][heard], rows[heard])


@ways(RINGS + SERVED)
@pytest.mark.parametrize("middle", [4, 6])
def test_a_ring_that_is_too_short_is_refused(way: Way, middle: int, run: Run) -> None:
    message = run(way, NARROW if way in RINGS else WIDE).error(f"m {middle}")
    assert f"-l 10 -m {middle} -r 10: the ring" in message
    assert "Take -l 10 -m 8 -r 10" in message


@ways(RINGS)
def test_settings_that_cannot_be_right(way: Way, run: Run) -> None:
    assert "leave --fps at 50" in run(way, NARROW).error("25 chunks a second")
    assert "write the file with pase-adapt" in run(way, NARROW).error("saving")


def test_a_checkpoint_that_is_not_there(sound: Path, tmp_path: Path) -> None:
    done = start(RINGS[0], sound, tmp_path / "none")
    with np.load(sound / "out.npz", allow_pickle=False) as arrays:
        message = str(arrays["m 8/error"])
    assert done.returncode == 0
    assert message.startswith("WorkerError: PASE: ")
    assert str(tmp_path / "none") in message


def test_a_renderer_of_another_version(sound: Path, tiny_checkpoint: Path) -> None:
    other = Way("other", replace(RINGS[0].hook, asr="streaming_rebuilt:Elsewhere"), "file")
    assert "has no Elsewhere: PASE knows another version of it" in start(other, sound, tiny_checkpoint).stderr
