"""What more processes, half precision and compiled code do to the speed of training.

Each way trains the same preset for some steps in processes of its own (`pase.benchmarks.training`), all ways in turns,
so that a machine's slow hours fall on all of them alike. Windows per second are those of all processes together.

    python -m pase.benchmarks.scaling --config configs/model/pase_tiny.yaml --config configs/grid_cpu.yaml \
        [--processes 1 2] [--switches plain bf16 compiled] [--turns 3] [any other argument of pase.benchmarks.training]
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pase.benchmarks.training import DATA, GATHERING, GRADIENTS
from pase.errors import InputError, PaseError

SWITCHES = {
    "plain": (),
    "bf16": ("--trainer.precision=bf16-mixed",),
    "compiled": ("--model.compile_visual=true",),
    "bf16, compiled": ("--trainer.precision=bf16-mixed", "--model.compile_visual=true"),
}


@dataclass(frozen=True)
class Way:
    """One way to train.

    Attributes:
        processes: How many train together.
        switch: Name in `SWITCHES`.
    """

    processes: int
    switch: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of `pase.benchmarks.training`."""
        together = (f"--trainer.devices={self.processes}", *(("--trainer.strategy=ddp",) if self.processes > 1 else ()))
        return (*together, *SWITCHES[self.switch])


@dataclass(frozen=True)
class Speed:
    """What one training measured.

    Attributes:
        windows: Per second, of all processes.
        waiting: Share of the time in which the first process waits for data.
        exchange: Share in which it waits for the others: what is gathered for the losses, and gradients.
    """

    windows: float
    waiting: float
    exchange: float


def measure(way: Way, arguments: Sequence[str]) -> Speed:
    """Train in new processes.

    Raises:
        InputError: They ended with an error.
    """
    command = [sys.executable, "-m", "pase.benchmarks.training", "--json", *arguments, *way.arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"{shlex.join(command)} ended with status {done.returncode}: {last[0]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    seconds: Mapping[str, float] = found["seconds"]
    whole = sum(seconds.values())
    exchange = seconds.get(GATHERING, 0.0) + seconds.get(GRADIENTS, 0.0)
    return Speed(found["windows_per_second"], seconds[DATA] / whole, exchange / whole)


def table(found: Mapping[Way, Sequence[Speed]]) -> str:
    """Markdown: medians and ranges over turns; the ratio to the first way is that of each turn."""
    lines = [
        "| processes | switches | windows per second | times the first | waiting for data | waiting for each other |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    first = next(iter(found.values()))
    for way, speeds in found.items():
        ratios = [speed.windows / base.windows for speed, base in zip(speeds, first, strict=True)]
        lines.append(
            f"| {way.processes} | {way.switch} | {_spread([speed.windows for speed in speeds], '.1f')} "
            f"| {_spread(ratios, '.2f')} | {statistics.median(speed.waiting for speed in speeds):.1%} "
            f"| {statistics.median(speed.exchange for speed in speeds):.1%} |"
        )
    return "\n".join(lines)


def _spread(values: Sequence[float], form: str) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:{form}}" if len(values) == 1 else f"{middle:{form}} ({low:{form}} … {high:{form}})"


def _arguments(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m pase.benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="numbers of processes (default 1 2)")
    parser.add_argument("--switches", nargs="+", default=["plain"], choices=SWITCHES, help="(default plain)")
    parser.add_argument("--turns", type=int, default=3, help="trainings of each way (default %(default)s)")
    return parser.parse_known_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    options, for_training = _arguments(arguments)
    ways = [Way(processes, switch) for processes in options.processes for switch in options.switches]
    found: dict[Way, list[Speed]] = {way: [] for way in ways}
    try:
        if options.turns < 1 or min(options.processes) < 1:
            raise InputError(f"{options.turns} turns of {min(options.processes)} processes: at least one is needed")
        for _ in range(options.turns):
            for way in ways:
                found[way].append(measure(way, for_training))
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"python -m pase.benchmarks.scaling {shlex.join(arguments)}\n\n{table(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
