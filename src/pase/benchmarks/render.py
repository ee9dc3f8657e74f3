"""What a frame of talking video costs, part by part, from 40 ms of sound to the picture in the file.

The encoder hears a stream; audio path and field (or Gaussians) of a reference renderer draw the mouth; it is put into
the picture of a generated speaker, and the picture is encoded. Each setting is measured in a process of its own.

    python -m pase.benchmarks.render [--sizes 64 96] [--threads 1 2] [--seconds 8] [--model DIR] [--output FILE.json]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from pase.benchmarks.encoders import syllables
from pase.benchmarks.fresh import answer, ask
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.errors import InputError, PaseError
from pase.files import write_json
from pase.inference.encoder import PASE
from pase.video.reading import Picture, iter_frames
from pase.video.speaker import speaker_from_sidecar
from pase.video.writing import write_video
from pase_adapters.reference.audio_net import ROWS
from pase_adapters.reference.footage import Footage, make_footage
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.rendering import paste
from pase_adapters.reference.store import KINDS, build, load_model
from pase_adapters.renderers.family import ROWS_OF_16

_WARM_UP = 10
"""Frames that are not counted."""

_SIZES = [64, 96]

_BUDGET = 1000 / FRAME_RATE
"""Milliseconds of a frame in real time."""


@dataclass(frozen=True, slots=True)
class FrameCost:
    """Median milliseconds for a video frame.

    Attributes:
        hear: PASE, 40 ms of sound in a stream.
        listen: The renderer's audio path on eight rows.
        draw: The mouth.
        paste: Putting it into the picture.
        encode: H.264, with the sound; a mean.
        whole: Median of the sum of all but the encoding, and that.
        slowest: 99th percentile likewise.
        look_ahead: Milliseconds of sound that have to be heard beyond a frame, which no computing time includes.
    """

    hear: float
    listen: float
    draw: float
    paste: float
    encode: float
    whole: float
    slowest: float
    look_ahead: float


def measure(kind: str, size: int, seconds: float, model: Path | None) -> FrameCost:
    """Measure in this process; call it in a fresh one."""
    with tempfile.TemporaryDirectory(prefix="pase-render-") as name:
        footage = _footage(Path(name), size)
        pase = PASE.from_pretrained()
        renderer = _renderer(kind, footage, pase.width) if model is None else load_model(model)[0]
        if renderer.width < pase.width:
            pase = PASE.from_pretrained(width=renderer.width)
        took, pictures = _speak(pase, renderer.eval(), footage, round(seconds * FRAME_RATE))
        start = time.perf_counter()
        write_video(Path(name) / "video.mp4", pictures, syllables(seconds), FRAME_RATE)
        encode = 1000 * (time.perf_counter() - start) / len(pictures)
        parts = np.median(took, axis=0)
        whole, slowest = np.percentile(took.sum(axis=1), (50, 99)) + encode
        around = ROWS_OF_16.columns + ROWS_OF_16.first_column - 2  # columns of 20 ms beyond the frame's own two
        ahead = 1000 * pase.stream(fps=2 * FRAME_RATE).look_ahead + 20 * around + _BUDGET * (ROWS // 2 - 1)
        hear, listen, draw, put = (float(part) for part in parts)
        return FrameCost(hear, listen, draw, put, encode, float(whole), float(slowest), ahead)


def _speak(
    pase: PASE, model: ReferenceRenderer, footage: Footage, frames: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[Picture]]:
    """Milliseconds of each part for each frame, and the pictures."""
    stream = pase.stream(fps=2 * FRAME_RATE)
    sound = syllables(frames / FRAME_RATE)
    shown = list(iter_frames(footage.takes[0].video, FRAME_RATE))
    columns = np.zeros((ROWS_OF_16.columns + 2 * (ROWS - 1), model.width), dtype=np.float32)
    padding = ((0, 0), (0, model.width - pase.width))
    took, pictures = [], []
    for frame in range(frames):
        place = frame % len(shown)
        clock = [time.perf_counter()]
        heard = stream.push(sound[frame * SAMPLES_PER_FRAME : (frame + 1) * SAMPLES_PER_FRAME])
        columns = np.concatenate([columns, np.pad(heard.features, padding)])[-len(columns) :]
        clock.append(time.perf_counter())
        windows = np.stack([columns[2 * row : 2 * row + ROWS_OF_16.columns] for row in range(ROWS)])
        with torch.inference_mode():
            codes = model.audio.of_windows(torch.from_numpy(windows[None]))
            clock.append(time.perf_counter())
            drawn = model.draw(codes, torch.from_numpy(footage.poses[place : place + 1]))
        mouth = (drawn.clamp(0, 1) * 255).round().to(torch.uint8).numpy().reshape(model.size, model.size, 3)
        clock.append(time.perf_counter())
        pictures.append(paste(shown[place], mouth, footage.track, place))
        clock.append(time.perf_counter())
        took.append(1000 * np.diff(clock))
    return np.array(took[_WARM_UP:]), pictures


def _footage(folder: Path, size: int) -> Footage:
    from pase.corpus.synthetic.generate import synthesize

    synthesize(folder / "raw", clips=1, speakers=1, seed=0, landmarks=True, workers=1)
    return make_footage(sorted((folder / "raw").rglob("*.mp4")), folder / "subject", size, speaker_from_sidecar)


def _renderer(kind: str, footage: Footage, width: int) -> ReferenceRenderer:
    torch.manual_seed(0)
    return build(kind, width, footage.size, torch.from_numpy(footage.pictures(footage.training).mean(axis=0)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.worker:
        kind, size = options.worker, options.sizes[0]
        return answer(lambda: measure(kind, size, options.seconds, options.model), options.threads[0])
    if options.seconds * FRAME_RATE <= 2 * _WARM_UP:
        print(f"error: --seconds must be more than {2 * _WARM_UP / FRAME_RATE:g}", file=sys.stderr)
        return 1
    try:
        lines = list(_lines(options))
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.output is not None:
        write_json(options.output, lines)
    return 0


def _lines(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    print(f"milliseconds a frame; real time is {_BUDGET:g}")
    print(
        f"{'renderer':<16}{'pixels':>7}{'cores':>6}{'hear':>8}{'listen':>8}{'draw':>8}{'paste':>8}{'encode':>8}", end=""
    )
    print(f"{'whole':>8}{'99 %':>8}{'of real time':>14}")
    for kind, sizes in _measured(options):
        for size in sizes:
            for threads in options.threads:
                cost = _ask(options, kind, size, threads)
                parts = "".join(f"{value:>8.1f}" for value in list(asdict(cost).values())[:7])
                print(f"{kind:<16}{size:>7}{threads:>6}{parts}{cost.whole / _BUDGET:>13.0%}", flush=True)
                yield {"renderer": kind, "size": size, "threads": threads, **asdict(cost)}
    print(f"Beyond a frame {cost.look_ahead:g} ms of sound have to be heard: encoder, columns and rows.")


def _measured(options: argparse.Namespace) -> list[tuple[str, list[int]]]:
    """Renderers and their sizes in pixels."""
    if options.model is None:
        return [(kind, options.sizes or _SIZES) for kind in sorted(KINDS, reverse=True)]
    model, about = load_model(options.model)
    if options.sizes:
        raise InputError(f"{options.model} draws {model.size} pixels: leave --sizes out")
    if model.columns != ROWS_OF_16.columns:
        raise InputError(
            f"{options.model} was trained on rows of {model.columns} columns; a stream has those of "
            f"{ROWS_OF_16.columns} that pase-adapt writes"
        )
    return [(about["renderer"], [model.size])]


def _ask(options: argparse.Namespace, kind: str, size: int, threads: int) -> FrameCost:
    arguments = ["--worker", kind, "--sizes", str(size), "--threads", str(threads), "--seconds", str(options.seconds)]
    if options.model is not None:
        arguments += ["--model", str(options.model)]
    return FrameCost(**ask("pase.benchmarks.render", arguments, threads, kind).values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.render", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, help="sides of the mouth (64 96; a model has its own)")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="cores (1 2)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of speech (%(default)s)")
    parser.add_argument("--model", type=Path, help="a trained reference renderer (default: random weights of each)")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file too")
    parser.add_argument("--worker", choices=sorted(KINDS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
