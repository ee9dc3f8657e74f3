"""What writing a renderer's feature file costs, beside the extraction that such renderers ship.

Each renderer is measured in a process of its own, from the sound file to the finished feature file. The extraction that
most of them ship is a speech recogniser of HuBERT-large's size in pieces of 20 s; it is measured with random weights,
from the sound in memory to its states, nothing written.

    python -m pase.benchmarks.adapt [--seconds 300] [--renderers NAME ...] [--threads 2] [--peer hubert_large]
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.audio.waveform import save_wav
from pase.benchmarks.encoders import BUILDERS, load, syllables
from pase.benchmarks.fresh import answer, ask
from pase.errors import InputError, PaseError
from pase_adapters.adapt import Job, adapt
from pase_adapters.registry import load_registry

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Cost:
    """What one file cost.

    Attributes:
        seconds: By the clock, loading the encoder included.
        peak_mib: Largest resident memory of the process, in MiB.
        file_mib: Size of what was written, in MiB.
        shape: Of the array.
    """

    seconds: float
    peak_mib: float
    file_mib: float
    shape: list[int]


def measure(renderer: str, seconds: float, threads: int) -> Cost:
    """Measure in this process; call it in a fresh one."""
    sound = syllables(seconds)
    if renderer in BUILDERS:
        start = time.perf_counter()
        load(renderer, threads).encode(sound)
        return Cost(time.perf_counter() - start, _peak(), 0.0, [])
    folder = Path(tempfile.mkdtemp(prefix="pase-adapt-"))
    try:
        save_wav(folder / "aud.wav", sound)
        start = time.perf_counter()
        made = adapt(Job(load_registry().get(renderer), folder / "aud.wav", None, folder))
        took = time.perf_counter() - start
        return Cost(took, _peak(), made.features.stat().st_size / _MIB, list(made.shape))
    finally:
        shutil.rmtree(folder)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_MIB if sys.platform == "darwin" else 1024)


def table(costs: dict[str, Cost], seconds: float) -> str:
    """The costs in Markdown."""
    lines = [
        "| for | array | seconds | s per s of sound | peak memory | file |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in costs.items():
        shape = " x ".join(str(length) for length in cost.shape) or "(not written)"
        file = f"{cost.file_mib:.0f} MiB" if cost.file_mib else ""
        cells = [name, shape, f"{cost.seconds:.1f}", f"{cost.seconds / seconds:.4f}", f"{cost.peak_mib:.0f} MiB", file]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="of sound (default 300)")
    parser.add_argument("--renderers", nargs="+", metavar="NAME", help="default: all that pase-adapt knows")
    parser.add_argument("--threads", type=int, default=2, help="cores (default 2)")
    parser.add_argument("--peer", choices=BUILDERS, default="hubert_large")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        return answer(lambda: measure(options.worker, options.seconds, options.threads), options.threads)
    try:
        if options.seconds < 1:
            raise InputError(f"{options.seconds} s of sound; at least 1 is needed")
        names = [*(options.renderers or load_registry().specs), options.peer]
        print(table({name: _ask(name, options.seconds, options.threads) for name in names}, options.seconds))
    except PaseError as error:
        print(f"adapt: error: {error}", file=sys.stderr)
        return 1
    return 0


def _ask(name: str, seconds: float, threads: int) -> Cost:
    given = ["--worker", name, "--seconds", str(seconds), "--threads", str(threads)]
    return Cost(**ask("pase.benchmarks.adapt", given, threads, name).values)


if __name__ == "__main__":
    sys.exit(main())
