"""How fast training windows are loaded, beside bare decoding of the same clips, and whether memory stays flat.

All ways run over the same windows in the same number of loader processes; their order is turned round from run to run,
and of each the run with the least processor time counts, because anything else is somebody else's work.

    python -m pase.benchmarks.loader CORPUS [--frames 25] [--workers 2] [--runs 3] [--epochs 10]
"""

import argparse
import io
import multiprocessing
import resource
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
from torch.utils.data import Dataset

from pase.corpus.clip import FRAME_RATE
from pase.corpus.store import Corpus
from pase.data.loader import TrainingLoader, WindowDataset, open_loader
from pase.data.sampling import BatchSampler, Bucket, WindowKey
from pase.data.windows import WindowConfig
from pase.errors import InputError, PaseError

Batches = Sequence[list[WindowKey]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one window costs.

    Attributes:
        clock: Seconds by the clock, all processes working at once.
        cpu: Seconds of processor time, summed over the processes.
    """

    clock: float
    cpu: float


class BareDecoding(Dataset[int]):
    """Decodes the clips of windows by PyAV and throws everything away: no colours converted, no arrays.

    Args:
        data: Who knows the clips.
        whole: Decode whole clips; else the lip crops from the window's nearest key frame to its end.
    """

    def __init__(self, data: WindowDataset, whole: bool) -> None:
        self.data = data
        self.whole = whole

    def __len__(self) -> int:
        return len(self.data)

    def __getitems__(self, keys: Sequence[WindowKey]) -> int:
        """Decode for these windows; their number."""
        for key in keys:
            number, record = self.data.items[key.index]
            encoded = self.data.corpora[number].encoded(record)
            pictures = self.data.window(key).pictures(record.frames)
            _decode_video(
                encoded.mp4, *((0, record.frames) if self.whole else (int(pictures[0]), int(pictures[-1]) + 1))
            )
            _decode_sound(encoded.flac)
        return len(keys)


def _decode_video(content: bytes, start: int, stop: int) -> None:
    with av.open(io.BytesIO(content), "r", format="mp4") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if start:
            container.seek(round(start / FRAME_RATE / (stream.time_base or 1)), stream=stream)
        for frame in container.decode(stream):
            if round((frame.time or 0.0) * FRAME_RATE) >= stop - 1:
                return


def _decode_sound(content: bytes) -> None:
    with av.open(io.BytesIO(content), "r", format="flac") as container:
        for _ in container.decode(container.streams.audio[0]):
            pass


def measure(data: Dataset[object], batches: Batches, workers: int) -> Cost:
    """Cost of each window when these batches are loaded once."""
    windows = sum(len(keys) for keys in batches)
    start, start_cpu = time.perf_counter(), _processor_time()
    for _ in open_loader(data, workers, batch_sampler=batches):
        pass
    return Cost((time.perf_counter() - start) / windows, (_processor_time() - start_cpu) / windows)


def _processor_time() -> float:
    """Seconds of processor time of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def memory_by_epoch(loader: TrainingLoader, epochs: int) -> list[tuple[float, float]]:
    """Resident memory in MiB after each epoch: this process, and the largest of its loader processes."""
    found: list[tuple[float, float]] = []
    for _ in range(epochs):
        for _ in loader:
            pass
        workers = [_resident(child.pid) for child in multiprocessing.active_children()]
        found.append((_resident("self"), max(workers, default=0.0)))
    return found


def _resident(process: int | str | None) -> float:
    path = Path(f"/proc/{process}/statm")
    if not path.is_file():
        raise InputError(f"{path} is absent: memory can only be measured on Linux. Give --epochs 0.")
    return int(path.read_text().split()[1]) * resource.getpagesize() / 2**20


def compare(data: WindowDataset, batches: Batches, workers: int, runs: int) -> dict[str, Cost]:
    """Cost of a window by each way of loading it."""
    ways: dict[str, Dataset[object]] = {
        "bare decoding, whole clips": BareDecoding(data, whole=True),
        "bare decoding, key frame to window's end": BareDecoding(data, whole=False),
        "training windows": data,
    }
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for run in range(runs):
        for name in list(ways)[:: -1 if run % 2 else 1]:
            found[name].append(measure(ways[name], batches, workers))
    return {name: min(costs, key=lambda cost: cost.cpu) for name, costs in found.items()}


def speed_table(costs: dict[str, Cost]) -> str:
    """Markdown: windows per second, processor time, and its ratio to both kinds of bare decoding."""
    whole, part, _ = costs.values()
    rows = []
    for name, cost in costs.items():
        ratios = f"{cost.cpu / whole.cpu:.2f} | {cost.cpu / part.cpu:.2f}"
        rows.append(f"| {name} | {1 / cost.clock:.0f} | {cost.cpu * 1e3:.2f} ms | {ratios} |")
    head = "| way | windows per second | processor time | / whole clips | / window's frames |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def memory_table(memory: Sequence[tuple[float, float]]) -> str:
    """Markdown: resident memory after each epoch."""
    rows = [f"| {epoch} | {main:.0f} | {worker:.0f} |" for epoch, (main, worker) in enumerate(memory, start=1)]
    return "\n".join(["| epoch | main process, MiB | largest loader process, MiB |", "|---|---|---|", *rows])


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.loader", description=__doc__)
    parser.add_argument("corpus", help="a prepared corpus; only read")
    parser.add_argument("--frames", type=int, default=25, help="video frames of a window (default %(default)s)")
    parser.add_argument("--speed", type=float, default=1.15, help="largest change of speed (default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=16, help="windows of a batch (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="loader processes (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the best counts (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="epochs for memory; 0: none (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep decoded clips in memory")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    options = _arguments(arguments)
    try:
        corpus = Corpus.open(options.corpus)
        data = WindowDataset([corpus], "train", WindowConfig(options.frames, speed=options.speed), options.keep)
        sampler = BatchSampler(data.frames(), [Bucket(options.frames, options.batch_size)])
        batches = list(islice(sampler, len(sampler)))
        print(f"python -m pase.benchmarks.loader {shlex.join(arguments)}\n")
        print(speed_table(compare(data, batches, options.workers, options.runs)), flush=True)
        if options.epochs:
            print("\n" + memory_table(memory_by_epoch(TrainingLoader(data, sampler, options.workers), options.epochs)))
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
