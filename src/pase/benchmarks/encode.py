"""How fast PASE encodes, beside the speech encoders that renderers use today.

Every measurement runs in a process of its own, on as many cores as it may use; the order of the encoders is turned
round from run to run, so that a machine that warms up or slows down does so for all.

    python -m pase.benchmarks.encode [--checkpoint DIR] [--onnx FILE] [--seconds 60] [--runs 3] [--output FILE.json]
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pase.benchmarks.encoders import PEER_CHUNK, PEERS, Encode, load, syllables
from pase.benchmarks.fresh import answer, ask
from pase.errors import InputError, MissingExtraError, PaseError
from pase.files import write_json

PRESETS = tuple(Path("configs/model") / f"{name}.yaml" for name in ("pase_base", "pase_paper"))

_WARM_UP = 2.0
"""Seconds of sound encoded before the clock runs."""

_BUSY = 0.9
"""Less processor time than this share of the clock's, and somebody else had the cores."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of one encoder.

    Attributes:
        encoder: As `pase.benchmarks.encoders.load` takes it.
        threads: Number of cores that it may use.
        parameters: Number of weights used in encoding, None if not known.
        load: Seconds by the clock until the encoder is ready, imports included.
        cost: Seconds by the clock per second of sound, for a call when all is warm.
        cpu: Seconds of processor time of all threads per second of sound; on one core it equals `cost`, unless
            somebody else used the machine.
        peak_mib: Largest resident memory of the whole process, in MiB.
        process: Seconds of the whole process by the clock: starting, loading, warming up, one call.
    """

    encoder: str
    threads: int
    parameters: int | None
    load: float
    cost: float
    cpu: float
    peak_mib: float
    process: float = 0.0


def time_encoding(encode: Encode, seconds: float) -> tuple[float, float]:
    """Seconds by the clock, and of processor time, per second of sound; after a warm-up."""
    sound = syllables(seconds)
    encode(syllables(min(seconds, _WARM_UP)))
    start, start_cpu = time.perf_counter(), time.process_time()
    encode(sound)
    return (time.perf_counter() - start) / seconds, (time.process_time() - start_cpu) / seconds


def measure(encoder: str, threads: int, seconds: float) -> Measurement:
    """Measure in this process; call it in a fresh one."""
    start = time.perf_counter()
    loaded = load(encoder, threads)
    ready = time.perf_counter() - start
    cost, cpu = time_encoding(loaded.encode, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return Measurement(encoder, threads, loaded.parameters, ready, cost, cpu, peak)


def run_all(encoders: Sequence[str], threads: Sequence[int], seconds: float, runs: int) -> list[Measurement]:
    """Measure each encoder `runs` times on each number of cores, one process after the other.

    What needs a package that is not installed is left out, with the reason on the error output.

    Raises:
        InputError: An encoder cannot be loaded.
    """
    found = []
    absent: set[str] = set()
    for run in range(runs):
        ordered = list(encoders) if run % 2 == 0 else list(encoders)[::-1]
        for number, encoder in ((number, encoder) for number in threads for encoder in ordered):
            if encoder in absent:
                continue
            print(f"run {run + 1} of {runs}, {number} threads: {encoder}", file=sys.stderr)
            try:
                found.append(_in_fresh_process(encoder, number, seconds))
            except MissingExtraError as error:
                absent.add(encoder)
                print(f"{encoder} is left out: {error}", file=sys.stderr)
    return found


def _in_fresh_process(encoder: str, threads: int, seconds: float) -> Measurement:
    arguments = ["--worker", encoder, "--threads", str(threads), "--seconds", str(seconds)]
    found = ask("pase.benchmarks.encode", arguments, threads, encoder)
    return replace(Measurement(**found.values), process=found.seconds)


def table(measurements: Sequence[Measurement]) -> str:
    """A markdown table: a row for each encoder, a column for each number of cores."""
    threads = sorted({m.threads for m in measurements})
    head = ["encoder", "weights used", *(f"{n} core{'s' if n > 1 else ''}: s per s of sound" for n in threads)]
    head += [f"processor time ({threads[0]})", "ready after", "whole process", "peak memory"]
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for encoder in dict.fromkeys(m.encoder for m in measurements):
        own = [m for m in measurements if m.encoder == encoder]
        first = [m for m in own if m.threads == threads[0]]
        costs = [_spread([m.cost for m in own if m.threads == n]) for n in threads]
        cells = [_name(encoder), _weights(own[0].parameters), *costs, _spread([m.cpu for m in first])]
        cells += [_seconds([m.load for m in first]), _seconds([m.process for m in first])]
        lines.append(_row([*cells, f"{max(m.peak_mib for m in own):.0f} MiB"]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(encoder: str) -> str:
    kind, _, place = encoder.partition(":")
    return f"PASE {Path(place).stem}{' (onnxruntime)' if kind == 'onnx' else ''}" if place else kind


def _weights(parameters: int | None) -> str:
    return "?" if parameters is None else f"{parameters / 1e6:.1f} M"


def _spread(costs: Sequence[float]) -> str:
    """Median and range."""
    if not costs:
        return ""
    return f"{statistics.median(costs):.4f} ({min(costs):.4f} ... {max(costs):.4f})"


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} s" if values else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.worker is not None:
        return answer(lambda: measure(options.worker, options.threads[0], options.seconds), options.threads[0])
    try:
        _run(options)
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.seconds <= 0 or options.runs < 1 or min(options.threads) < 1:
        raise InputError("--seconds, --runs and --threads must be positive")
    own = [f"checkpoint:{options.checkpoint}"] if options.checkpoint else [f"preset:{path}" for path in options.presets]
    exported = [f"onnx:{options.onnx}"] if options.onnx else []
    found = run_all([*own, *exported, *options.peers], options.threads, options.seconds, options.runs)
    if not found:
        raise InputError("nothing was measured: name an encoder with --checkpoint, --presets or --peers")
    print(f"\n{options.seconds:g} s of sound, {options.runs} runs, each in a process of its own: median (range).")
    print(f"Peers take {PEER_CHUNK:g} s at once; wav2vec2 and HuBERT have random weights, not read from a file.")
    print("Whole process: starting, loading, warming up, one call. Memory is that of the whole process.\n")
    print(table(found))
    if any(m.cpu < _BUSY * m.cost for m in found):
        print("\nOthers used this machine meanwhile: compare the processor time, or measure again when it is quiet.")
    if options.output is not None:
        write_json(options.output, _report(options, found))


def _report(options: argparse.Namespace, found: Sequence[Measurement]) -> dict[str, Any]:
    return {"seconds": options.seconds, "runs": options.runs, "measurements": [asdict(m) for m in found]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.encode", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder; without it, presets' sizes are measured")
    parser.add_argument(
        "--presets", type=Path, nargs="*", default=PRESETS, help="model presets (pase_base and pase_paper)"
    )
    parser.add_argument("--onnx", type=Path, help="also measure a file that `pase export --onnx` wrote")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="encoders to compare with")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the sound (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="processes for each encoder (%(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of cores (1 2)")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
