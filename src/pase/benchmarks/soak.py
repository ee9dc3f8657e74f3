"""Whether a long training keeps its memory and its open files: every process of it is watched while it runs.

A run is started as `pase fit` does it, without an end, and stopped after so many minutes. Memory is the proportional
set size, which shares out what processes have in common; of it and of open files the medians of three stretches are
told. Checkpoints go to a temporary folder.

    python -m pase.benchmarks.soak --minutes 30 --config configs/model/pase_tiny.yaml --config configs/grid_cpu.yaml \
        --trainer.devices=2 --trainer.strategy=ddp [any other argument of pase fit]
"""

import argparse
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError, PaseError

_MIB = 1024**2
_EVERY = 5.0
"""Seconds from one look to the next."""

_STRETCHES = ((0.1, 0.2), (0.45, 0.55), (0.9, 1.0))
"""Shares of the time: behind the start, in the middle, at the end."""


@dataclass(frozen=True)
class Look:
    """What one process has at a moment.

    Attributes:
        when: Seconds from the start.
        memory: Proportional set size in bytes.
        files: Open files.
    """

    when: float
    memory: int
    files: int


def look_at(process: int) -> tuple[int, int] | None:
    """Memory in bytes and open files of a process; None if it has gone.

    Raises:
        InputError: The system does not tell.
    """
    if not Path("/proc/self/smaps_rollup").is_file():
        raise InputError("processes can be watched on Linux only: this system has no /proc/self/smaps_rollup")
    folder = Path("/proc") / str(process)
    try:
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
        memory = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        return memory, sum(1 for _ in (folder / "fd").iterdir())
    except (OSError, StopIteration):
        return None


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        own = (Path("/proc") / str(process) / "task" / str(process) / "children").read_text(encoding="ascii")
    except OSError:
        return [process]
    return [process, *(member for child in own.split() for member in family(int(child)))]


def watch(process: "subprocess.Popen[bytes]", seconds: float) -> dict[int, list[Look]]:
    """Look at a process and its descendants for so long.

    Raises:
        InputError: It has ended by itself.
    """
    found: dict[int, list[Look]] = {}
    began = time.monotonic()
    while (when := time.monotonic() - began) < seconds:
        if process.poll() is not None:
            raise InputError(f"the training has ended after {when:.0f} s with status {process.returncode}")
        for member in family(process.pid):
            if (seen := look_at(member)) is not None:
                found.setdefault(member, []).append(Look(when, *seen))
        time.sleep(_EVERY)
    return found


def table(found: Mapping[int, Sequence[Look]], seconds: float) -> str:
    """Markdown: memory and files of each process that was there from beginning to end."""
    lines = [
        "| process | memory at 10 … 20 % | 45 … 55 % | 90 … 100 % | change | open files |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lasting = [medians for looks in found.values() if (medians := _medians(looks, seconds)) is not None]
    for number, (memory, files) in enumerate(lasting, 1):
        sizes = " | ".join(f"{value / _MIB:.0f} MiB" for value in memory)
        opened = ", ".join(f"{value:.0f}" for value in files)
        lines.append(f"| {number} | {sizes} | {memory[-1] / memory[0] - 1:+.1%} | {opened} |")
    brief = len(found) - len(lasting)
    return "\n".join(
        [*lines, "", f"{brief} processes came or went on the way." if brief else "No process came or went."]
    )


def _medians(looks: Sequence[Look], seconds: float) -> tuple[list[float], list[float]] | None:
    parts = [[look for look in looks if low <= look.when / seconds <= high] for low, high in _STRETCHES]
    if not all(parts):
        return None
    return (
        [statistics.median(look.memory for look in part) for part in parts],
        [statistics.median(look.files for look in part) for part in parts],
    )


def soak(arguments: Sequence[str], seconds: float) -> dict[int, list[Look]]:
    """Train and watch; nothing stays.

    Raises:
        InputError: The training has ended by itself.
    """
    command = [str(Path(sys.executable).with_name("pase")), "fit", *arguments, "--trainer.max_steps=-1"]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        command.append(f"--trainer.default_root_dir={folder}/run")
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            return watch(process, seconds)
        except InputError as error:
            last = (Path(folder) / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise InputError(f"{error}: {' '.join(last) or 'it said nothing'}") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main(arguments: Sequence[str]) -> int:
    """Watch and print; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pase.benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="(default %(default)g)")
    options, for_fit = parser.parse_known_args(arguments)
    seconds = 60 * options.minutes
    try:
        if seconds < 20 * _EVERY:
            raise InputError(
                f"--minutes {options.minutes:g}: at least {20 * _EVERY / 60:.1f} are needed to tell a drift"
            )
        found = soak(for_fit, seconds)
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"python -m pase.benchmarks.soak {shlex.join(arguments)}\n\n{table(found, seconds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
