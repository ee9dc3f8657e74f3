"""How fast PASE encodes, beside the speech encoders that renderers use today.

Every measurement runs in a process of its own, so that neither threads, caches nor memory are shared; the order of the
models is turned round from run to run, so that a machine that warms up or slows down does so for all.

    python -m pase.benchmarks.encode [--checkpoint DIR] [--seconds 60] [--runs 3] [--output FILE.json]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError, PaseError
from pase.files import write_json

if TYPE_CHECKING:
    from torch import nn

    from pase.inference.encoder import PASE

PEERS = ("wav2vec2_base", "hubert_large")
"""Builders in `torchaudio.models`: the sizes of the encoders that renderers ask for."""

PRESETS = Path("configs/model")

_PEER_CHUNK = 20.0
"""Seconds that a peer is given at once, as ER-NeRF's HuBERT script does; its attention grows with the square."""

_WARM_UP = 2.0
"""Seconds of sound encoded before the clock runs."""

_BUSY = 0.9
"""Less processor time than this share of the clock's, and somebody else had the cores."""

Encode = Callable[[Waveform], object]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of one encoder.

    Attributes:
        encoder: ``"checkpoint:DIR"``, ``"preset:FILE"`` or a name out of `PEERS`.
        threads: Number of threads that torch may use.
        parameters: Number of weights used in encoding.
        cost: Seconds by the clock per second of sound.
        cpu: Seconds of processor time of all threads per second of sound; on one core it equals `cost`, unless
            somebody else used the machine.
        peak_mib: Largest resident memory of the whole process, in MiB.
    """

    encoder: str
    threads: int
    parameters: int
    cost: float
    cpu: float
    peak_mib: float


def syllables(seconds: float) -> Waveform:
    """Noise that comes in syllables, 16 kHz, shape ``(seconds * 16000,)``; the same in every process."""
    time_axis = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(time_axis))
    envelope = np.clip(np.sin(2 * np.pi * 4 * time_axis), 0.05, None)
    return np.asarray(0.1 * noise * envelope, dtype=np.float32)


def time_encoding(encode: Encode, seconds: float) -> tuple[float, float]:
    """Seconds by the clock, and of processor time, per second of sound; after a warm-up."""
    sound = syllables(seconds)
    encode(syllables(min(seconds, _WARM_UP)))
    start, start_cpu = time.perf_counter(), time.process_time()
    encode(sound)
    return (time.perf_counter() - start) / seconds, (time.process_time() - start_cpu) / seconds


def in_chunks(model: "nn.Module", chunk: float = _PEER_CHUNK) -> Encode:
    """An encoder that gives a torchaudio model `chunk` seconds at a time, without gradients."""
    import torch

    model.eval()

    def encode(sound: Waveform) -> object:
        pieces = torch.split(torch.from_numpy(sound)[None], round(chunk * SAMPLE_RATE), dim=1)
        with torch.inference_mode():
            return [model(piece) for piece in pieces]

    return encode


def measure(encoder: str, threads: int, seconds: float) -> Measurement:
    """Measure in this process; call it in a fresh one."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    encode, parameters = _build(encoder)
    cost, cpu = time_encoding(encode, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return Measurement(encoder, threads, parameters, cost, cpu, peak)


def _build(encoder: str) -> tuple[Encode, int]:
    kind, _, place = encoder.partition(":")
    if kind in PEERS:
        import torchaudio

        peer = getattr(torchaudio.models, kind)()
        return in_chunks(peer), _count(peer)
    pase = _from_checkpoint(Path(place)) if kind == "checkpoint" else _from_preset(Path(place))
    return (lambda sound: pase[0].encode(sound, SAMPLE_RATE)), pase[1]


def _from_checkpoint(folder: Path) -> "tuple[PASE, int]":
    from pase.inference.encoder import PASE
    from pase.models.checkpoint import load_checkpoint

    model, info = load_checkpoint(folder)
    return PASE(model, info), _count(model.audio)


def _from_preset(path: Path) -> "tuple[PASE, int]":
    """A PASE of a preset's size with random weights."""
    import yaml
    from jsonargparse import ArgumentParser

    from pase.inference.encoder import PASE
    from pase.models.checkpoint import CheckpointInfo
    from pase.models.config import ModelConfig
    from pase.models.model import PaseModel

    try:
        net = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]["net"]
        parser = ArgumentParser(exit_on_error=False)
        parser.add_argument("--net", type=ModelConfig)
        config = parser.instantiate_classes(parser.parse_object({"net": net})).net
    except (OSError, yaml.YAMLError, LookupError, TypeError, argparse.ArgumentError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is no model preset with a section model.net: {reason}") from error
    model = PaseModel(config).eval()
    return PASE(model, CheckpointInfo(config, "random")), _count(model.audio)


def _count(model: "nn.Module") -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def run_all(encoders: Sequence[str], threads: Sequence[int], seconds: float, runs: int) -> list[Measurement]:
    """Measure each encoder `runs` times on each number of threads, one process after the other.

    Raises:
        InputError: An encoder cannot be built.
    """
    found = []
    for run in range(runs):
        ordered = list(encoders) if run % 2 == 0 else list(encoders)[::-1]
        for number in threads:
            for encoder in ordered:
                print(f"run {run + 1} of {runs}, {number} threads: {encoder}", file=sys.stderr)
                found.append(_in_fresh_process(encoder, number, seconds))
    return found


def _in_fresh_process(encoder: str, threads: int, seconds: float) -> Measurement:
    command = [sys.executable, "-m", "pase.benchmarks.encode", "--worker", encoder]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [*command, "--threads", str(threads), "--seconds", str(seconds)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"{encoder} could not be measured: {last[0].removeprefix('error: ')}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def table(measurements: Sequence[Measurement]) -> str:
    """A markdown table: a row for each encoder, a column for each number of threads."""
    threads = sorted({m.threads for m in measurements})
    head = ["encoder", "weights used", *(f"{n} core{'s' if n > 1 else ''}: s per s of sound" for n in threads)]
    head += [f"processor time ({threads[0]})", "peak memory"]
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for encoder in dict.fromkeys(m.encoder for m in measurements):
        own = [m for m in measurements if m.encoder == encoder]
        costs = [_spread([m.cost for m in own if m.threads == n]) for n in threads]
        cpu = _spread([m.cpu for m in own if m.threads == threads[0]])
        peak = max(m.peak_mib for m in own)
        lines.append(_row([_name(encoder), f"{own[0].parameters / 1e6:.1f} M", *costs, cpu, f"{peak:.0f} MiB"]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(encoder: str) -> str:
    kind, _, place = encoder.partition(":")
    return f"PASE {Path(place).stem}" if place else f"torchaudio {kind}"


def _spread(costs: Sequence[float]) -> str:
    """Median and range."""
    if not costs:
        return ""
    return f"{statistics.median(costs):.4f} ({min(costs):.4f} ... {max(costs):.4f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.worker is not None:
            print(json.dumps(asdict(measure(options.worker, options.threads[0], options.seconds))))
        else:
            _run(options)
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.seconds <= 0 or options.runs < 1:
        raise InputError("--seconds and --runs must be positive")
    own = [f"checkpoint:{options.checkpoint}"] if options.checkpoint else _presets(options.presets)
    found = run_all([*own, *options.peers], options.threads, options.seconds, options.runs)
    print(f"\n{options.seconds:g} s of sound, {options.runs} runs, each in a process of its own: median (range).")
    print(f"Peers have random weights and take {_PEER_CHUNK:g} s at once. Memory is that of the whole process.\n")
    print(table(found))
    if any(m.cpu < _BUSY * m.cost for m in found):
        print("\nOthers used this machine meanwhile: compare the processor time, or measure again when it is quiet.")
    if options.output is not None:
        write_json(options.output, _report(options, found))


def _report(options: argparse.Namespace, found: Sequence[Measurement]) -> dict[str, Any]:
    return {"seconds": options.seconds, "runs": options.runs, "measurements": [asdict(m) for m in found]}


def _presets(folder: Path) -> list[str]:
    presets = [f"preset:{path}" for path in sorted(folder.glob("*.yaml"))]
    if not presets:
        raise InputError(f"no presets in {folder}: run this in the project's folder, or name one with --checkpoint")
    return presets


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.encode", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--checkpoint", type=Path, help="checkpoint folder; without it, the presets' sizes are measured"
    )
    parser.add_argument("--presets", type=Path, default=PRESETS, help="folder of model presets (%(default)s)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="encoders to compare with")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the sound (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="processes for each encoder (%(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of cores (1 2)")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
