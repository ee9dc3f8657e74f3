"""The main path on a handful of generated clips, by the commands that users run, each in a process of its own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pase.doctor.check import Result, Status
from pase.doctor.needs import DISTRIBUTION
from pase.errors import PaseError
from pase.files import write_json

_NAME = "self-test"
_VOICE = "espeakng_loader"
"""What speaks for the generated clips."""

_STEPS = 4
_FIT: dict[str, Any] = {
    "trainer": {
        "accelerator": "cpu",
        "devices": 1,
        "max_steps": _STEPS,
        "val_check_interval": _STEPS,
        "check_val_every_n_epoch": None,
    },
    "model": {
        "net": {
            "dim": 16,
            "audio": {"hidden": 16, "layers": 1, "delay": 3},
            "visual": {"crop_size": 48, "width": 0.1, "stem_stride": 2, "collapse": "mean"},
            "alignment": {"heads": 2},
            "reconstruction": {"layers": 1, "heads": 2},
        },
        "optimizer": {"lr": 0.001, "warmup": 2, "steps": _STEPS},
    },
    "data": {"batch_size": 2, "window": {"frames": 10, "context": 4, "tail": 2}, "validation_frames": 48},
}
"""Settings of `pase fit` that train in a second."""

_CLIPS = 4
_RATE = 25.0  # rows per second (Hz)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the main path.

    Attributes:
        name: For the report.
        program: ``"pase"`` or ``"pase-adapt"``.
        arguments: What follows it.
    """

    name: str
    program: str
    arguments: tuple[str, ...]


def check_main_path(limit: float = 600.0) -> Iterator[Result]:
    """From generated videos to a renderer's file; without espeak-ng from a tone to it, by the weights in the package.

    Args:
        limit: Seconds after which a step is given up.
    """
    with tempfile.TemporaryDirectory(prefix="pase-doctor-") as name:
        folder = Path(name)
        if find_spec(_VOICE) is not None:
            write_json(folder / "fit.json", {**_FIT, "data": {**_FIT["data"], "corpora": [str(folder / "corpus")]}})
            sound, model = folder / "raw" / "speaker001" / "clip00001.mp4", folder / "model"
            told = _run([*_training(folder, model), *_use(folder, sound, model)], limit)
            status, untried, advice = Status.OK, "", ""
        else:
            _write_tone(folder / "tone.wav")
            told = _run(_use(folder, folder / "tone.wav", None), limit)
            status, advice = Status.WARNING, f"to try the others too: pip install '{DISTRIBUTION}[synthetic]'"
            untried = "; synthesize, prepare, fit and export were not tried, because nothing is installed that speaks"
        files = look_at_files(folder)
    yield Result(_NAME, status, f"{told}; {files}{untried}", advice)


def _training(folder: Path, model: Path) -> list[Step]:
    raw, corpus, run = (str(folder / name) for name in ("raw", "corpus", "run"))
    validation = ("--validation-every", "2", "--jobs", "1")
    settings = ("--config", str(folder / "fit.json"), "--trainer.default_root_dir", run)
    last = str(folder / "run" / "checkpoints" / "last.ckpt")
    return [
        Step("synthesize", "pase", ("synthesize", raw, "--clips", str(_CLIPS), "--speakers", "2", "--landmarks")),
        Step("prepare", "pase", ("prepare", raw, corpus, "--landmarks", "sidecar", *validation)),
        Step("fit", "pase", ("fit", *settings)),
        Step("export", "pase", ("export", last, str(model))),
    ]


def _use(folder: Path, sound: Path, model: Path | None) -> list[Step]:
    chosen = () if model is None else ("--checkpoint", str(model))
    rows = ("encode", str(sound), str(folder / "rows.npy"), "--rate", f"{_RATE:g}", *chosen)
    adapt = ("--renderer", "er-nerf", "--audio", str(sound), "--output", str(folder / "er-nerf"), *chosen)
    return [Step("encode", "pase", rows), Step("file for er-nerf", "pase-adapt", adapt)]


def _run(steps: list[Step], limit: float) -> str:
    """Run them in order; returns how long each took.

    Raises:
        PaseError: One failed.
    """
    taken = []
    began = time.monotonic()
    for step in steps:
        started = time.monotonic()
        run_step(step, limit)
        taken.append(f"{step.name} {time.monotonic() - started:.0f} s")
    return f"{', '.join(taken)}; {time.monotonic() - began:.0f} s in all"


def run_step(step: Step, limit: float) -> None:
    """Run one step.

    Args:
        step: The command.
        limit: Seconds after which it is given up.

    Raises:
        PaseError: It failed or took too long; the message holds the last line that it printed.
    """
    # Of a SLURM job Lightning would take the number of processes, of which this is one alone.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    command = [sys.executable, "-c", _start_of(step.program), *step.arguments]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PaseError(f"'{step.name}' had not ended after {limit:g} s. Is the machine busy? Try again.") from error
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        raise PaseError(
            f"'{step.name}' ended with status {done.returncode}: {lines[-1][:300]}. "
            "Mend first what the lines above name."
        )


def _start_of(program: str) -> str:
    """Python code that runs a console script of the package, wherever its scripts were installed to."""
    scripts = metadata.entry_points(group="console_scripts", name=program)
    own = [script for script in scripts if script.dist is not None and script.dist.name == DISTRIBUTION]
    if not own:
        raise PaseError(f"the command {program} is not installed: pip install .")
    return f"import sys; from {own[0].module} import {own[0].attr} as main; sys.exit(main())"


def look_at_files(folder: Path) -> str:
    """Look at what the last two steps wrote; returns what there is.

    Raises:
        PaseError: Rows that no renderer could use.
    """
    told = []
    for name, axes in (("rows.npy", 2), ("er-nerf/aud_eo.npy", 3)):
        array = np.load(folder / name, allow_pickle=False)
        if array.ndim != axes or array.dtype != np.float32 or not np.isfinite(array).all() or not array.any():
            raise PaseError(
                f"{name} holds {array.dtype} {array.shape}, expected finite float32 of {axes} axes, not all 0"
            )
        told.append(f"{Path(name).name} {'x'.join(map(str, array.shape))}")
    return ", ".join(told)


def _write_tone(path: Path) -> None:
    from pase.audio.waveform import SAMPLE_RATE, save_wav

    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    save_wav(path, (0.3 * np.sin(2 * np.pi * (150 + 200 * times) * times)).astype(np.float32))
