"""How long a stream takes for each block of sound on one core, and how much memory a long file takes.

python -m pase.benchmarks.streaming [--checkpoint DIR | --onnx FILE | --preset FILE] [--seconds 60]
[--file-seconds 3600] [--output FILE.json]
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, save_wav
from pase.benchmarks.encoders import open_pase, syllables
from pase.benchmarks.fresh import answer, ask
from pase.errors import InputError, PaseError
from pase.files import write_json

if TYPE_CHECKING:
    from pase.inference.stream import StreamingEncoder

_FPS = 25
_WARM_UP = 50
"""Blocks that are not counted."""

_MIB = 1024**2
_BLOCK = 10
"""Seconds of sound from which long files are put together."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What each push costs, in seconds by the clock.

    Attributes:
        block: Seconds of sound that are pushed at once.
        median: Of a push.
        p99: 99th percentile.
        worst: The longest.
        cost: Seconds per second of sound.
        cpu: Seconds of processor time per second of sound.
        look_ahead: Seconds by which rows are late by design, which no computing time includes.
    """

    block: float
    median: float
    p99: float
    worst: float
    cost: float
    cpu: float
    look_ahead: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process that encodes a file to a file, in MiB.

    Attributes:
        seconds: Length of the file.
        ready: When the encoder is loaded.
        early: Largest in the second tenth of the time.
        late: Largest in the last tenth.
        peak: Largest of all.
        took: Seconds by the clock for encoding.
    """

    seconds: float
    ready: float
    early: float
    late: float
    peak: float
    took: float


class Watch:
    """Looks at this process's resident memory every so often, in a thread of its own."""

    def __init__(self, every: float = 0.02) -> None:
        self.samples = [resident()]
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.samples.append(resident())

    def _look(self) -> None:
        while not self._over.wait(self._every):
            self.samples.append(resident())


def resident() -> float:
    """Resident memory of this process in MiB.

    Raises:
        InputError: The system is not Linux.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError as error:
        raise InputError("memory can be watched on Linux only: this system has no /proc/self/statm") from error
    import resource

    return pages * resource.getpagesize() / _MIB


def measure_latency(encoder: str, block: float, seconds: float) -> Latency:
    """Push sound block by block in this process; call it in a fresh one."""
    stream = _open_stream(encoder)
    size = round(block * SAMPLE_RATE)
    blocks = np.array_split(syllables(seconds), np.arange(size, round(seconds * SAMPLE_RATE), size))
    for warm in blocks[:_WARM_UP]:
        stream.push(warm)
    stream.reset()
    took = []
    start_cpu = time.process_time()
    for piece in blocks:
        start = time.perf_counter()
        stream.push(piece)
        took.append(time.perf_counter() - start)
    cpu = time.process_time() - start_cpu
    median, p99, worst = (float(value) for value in np.percentile(took, (50, 99, 100)))
    return Latency(block, median, p99, worst, sum(took) / seconds, cpu / seconds, stream.look_ahead)


def measure_memory(encoder: str, seconds: float) -> Memory:
    """Encode a generated file to a file in this process; call it in a fresh one."""
    pase, _ = open_pase(encoder)
    with tempfile.TemporaryDirectory(prefix="pase-streaming-") as folder:
        sound = Path(folder) / "sound.wav"
        save_wav(sound, repeat(syllables(_BLOCK), max(1, round(seconds / _BLOCK))))
        ready = resident()
        start = time.perf_counter()
        with Watch() as watch:
            pase.encode_to_file(sound, Path(folder) / "rows.npy", _FPS)
        took = time.perf_counter() - start
    tenth = -(-len(watch.samples) // 10)
    early, late = max(watch.samples[tenth : 2 * tenth + 1]), max(watch.samples[-tenth:])
    return Memory(seconds, ready, early, late, max(watch.samples), took)


def _open_stream(encoder: str) -> "StreamingEncoder":
    kind, _, place = encoder.partition(":")
    if kind == "onnx":
        from pase.inference.onnx_encoder import OnnxEncoder

        return OnnxEncoder.open(place).stream(fps=_FPS)
    return open_pase(encoder)[0].stream(fps=_FPS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    encoder = _encoder(options)
    if options.worker == "latency":
        return answer(lambda: measure_latency(encoder, options.block, options.seconds), 1)
    if options.worker == "memory":
        return answer(lambda: measure_memory(encoder, options.file_seconds), 1)
    try:
        _run(options, encoder)
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, encoder: str) -> None:
    if min(options.block, options.seconds) <= 0 or options.file_seconds < 0:
        raise InputError("--block and --seconds must be positive, --file-seconds not negative")
    latency = Latency(**_ask("latency", options, encoder))
    print(
        f"{encoder}, one core, {1000 * latency.block:g} ms of sound at once: median {1000 * latency.median:.2f} ms, "
        f"99th percentile {1000 * latency.p99:.2f} ms, worst {1000 * latency.worst:.2f} ms; {latency.cost:.4f} s per "
        f"second of sound ({latency.cpu:.4f} of processor time). Look-ahead: {1000 * latency.look_ahead:g} ms."
    )
    memory = None
    if options.file_seconds and options.onnx is None:
        memory = Memory(**_ask("memory", options, encoder))
        print(
            f"{memory.seconds:g} s of sound from file to file in {memory.took:.1f} s: {memory.ready:.0f} MiB when "
            f"ready, {memory.early:.0f} in the second tenth, {memory.late:.0f} in the last, {memory.peak:.0f} at most."
        )
    if options.output is not None:
        figures = {"encoder": encoder, "latency": asdict(latency), "memory": memory and asdict(memory)}
        write_json(options.output, figures)


def _ask(worker: str, options: argparse.Namespace, encoder: str) -> dict[str, float]:
    kind, _, place = encoder.partition(":")
    sizes = {"--block": options.block, "--seconds": options.seconds, "--file-seconds": options.file_seconds}
    arguments = [text for name, value in sizes.items() for text in (name, str(value))]
    return ask("pase.benchmarks.streaming", ["--worker", worker, f"--{kind}", place, *arguments], 1, encoder).values


def _encoder(options: argparse.Namespace) -> str:
    if options.checkpoint:
        return f"checkpoint:{options.checkpoint}"
    return f"onnx:{options.onnx}" if options.onnx else f"preset:{options.preset}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.streaming", description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--checkpoint", type=Path, help="checkpoint folder")
    which.add_argument("--onnx", type=Path, help="a file that `pase export --onnx` wrote; latency only")
    which.add_argument(
        "--preset", type=Path, default=Path("configs/model/pase_base.yaml"), help="random weights (%(default)s)"
    )
    parser.add_argument("--block", type=float, default=0.04, help="seconds pushed at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound pushed (%(default)s)")
    parser.add_argument("--file-seconds", type=float, default=3600.0, help="of the long file; 0: none (%(default)s)")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file too")
    parser.add_argument("--worker", choices=("latency", "memory"), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
