"""One run of a study: trained by `pase fit` in a process of its own, measured from the checkpoint that it exports."""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pase.errors import InputError, PaseError
from pase.files import read_json, write_json
from pase.study.plan import Run
from pase.study.records import Record

LOG = "train.log"
"""File of a run's folder that holds what `pase fit` said."""

_LAST = Path("checkpoints", "last.ckpt")
_STATE = "run.json"
_MAIN = "import sys; from pase.cli.main import main; sys.exit(main())"
_PACKAGES = ("pase-av", "torch", "lightning", "numpy")


def train_and_measure(run: Run, threads: int) -> Record:
    """Train, and measure the best weights.

    A run that was stopped goes on from its own last checkpoint, if that is of the same settings and corpora; else it
    begins from zero in an emptied folder. The Lightning checkpoints, which only serve to go on, are removed at the end;
    the exported one stays.

    Args:
        run: What to train.
        threads: For PyTorch, in training and measuring.

    Raises:
        PaseError: The training or the measuring failed; the message names the log.
    """
    seconds = _train(run, threads)
    metrics, best_step = _measure(run, threads)
    shutil.rmtree(run.folder / "checkpoints")
    versions = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    return Record(
        run.row, run.seed, run.identity, dict(run.overrides), run.steps, best_step, seconds, metrics, versions
    )


def _train(run: Run, threads: int) -> float:
    """Returns seconds, of former parts of the run too."""
    before = _seconds_before(run)
    if before is None and run.folder.exists():
        shutil.rmtree(run.folder)
    begun = time.time()
    write_json(run.folder / _STATE, {"identity": run.identity, "begun": begun, "before": before or 0.0})
    _fit([*run.arguments, *([] if before is None else [f"--ckpt_path={run.folder / _LAST}"])], run.folder, threads)
    return time.time() - begun + (before or 0.0)


def _seconds_before(run: Run) -> float | None:
    """Seconds of training that the run's last checkpoint holds; None if there is none to go on from."""
    state, last = run.folder / _STATE, run.folder / _LAST
    if not state.is_file() or not last.is_file():
        return None
    content = read_json(state)
    if content["identity"] != run.identity:
        return None
    return max(0.0, last.stat().st_mtime - float(content["begun"])) + float(content["before"])


def _fit(arguments: Sequence[str], folder: Path, threads: int) -> None:
    log = folder / LOG
    with log.open("ab") as output:
        ended = subprocess.run(
            [sys.executable, "-c", _MAIN, "fit", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            check=False,
        )
    if ended.returncode != 0:
        raise PaseError(f"pase fit failed with exit status {ended.returncode}: {_last_line(log)} The whole: {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing.")


def _measure(run: Run, threads: int) -> tuple[dict[str, float], int]:
    import torch

    from pase.corpus.store import Corpus
    from pase.evaluation.quick import measure
    from pase.models.checkpoint import load_checkpoint
    from pase.training.cli import EXPORT

    if not (run.folder / EXPORT).is_dir():
        raise InputError(
            f"{run.folder} holds no exported checkpoint: pase fit keeps one after a validation, and there was none "
            f"in {run.steps} steps. Set trainer.val_check_interval to fewer."
        )
    torch.set_num_threads(threads)
    model, info = load_checkpoint(run.folder / EXPORT)
    unseen = Corpus.open(run.evaluation.unseen) if run.evaluation.unseen else None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found = measure(
        model, Corpus.open(run.evaluation.corpus), unseen, run.seed, device, run.evaluation.most_clips
    ).flat()
    return {name: value for name, value in found.items() if value == value}, int(info.training["steps"])
