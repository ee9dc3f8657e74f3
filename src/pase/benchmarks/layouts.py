"""Which form of the features a renderer of the RAD-NeRF family learns lips from best.

Its audio path (`pase_adapters.reference.audio_net`) is trained with a linear layer behind it to give the lip points of
each video frame, for every form with the same seeds and the same clips, and is scored on held-out clips.

    python -m pase.benchmarks.layouts CORPUS [--checkpoint DIR] [--seeds 3] [--steps 600] [--forms NAME ...]
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pase.audio.condition import Condition
from pase.corpus.store import Corpus
from pase.errors import PaseError
from pase.evaluation.clip_features import SeenClip, hear_clips, see_clips
from pase.evaluation.lip_shape import landmark_distance
from pase.evaluation.selection import held_out, training
from pase.evaluation.silence import jitter_sums
from pase.inference.encoder import PASE
from pase.inference.track import FeatureTrack
from pase.study.intervals import paired_difference, seed_mean
from pase_adapters.gate import SilenceGate
from pase_adapters.layout import make_rows
from pase_adapters.reference.audio_net import AudioPath
from pase_adapters.spec import RowLayout

_CLIPS = 8
"""Clips of a training step."""

_FRAMES = 64
"""Frames of each."""

_RATE = 1e-3

Rows = NDArray[np.float32]

Projection = Callable[[FeatureTrack], FeatureTrack]


@dataclass(frozen=True)
class Heard:
    """A clip as it is seen and heard.

    Attributes:
        clip: Its lips and phones.
        track: Features of its sound.
        gate: Where it is silent.
    """

    clip: SeenClip
    track: FeatureTrack
    gate: SilenceGate


@dataclass(frozen=True)
class Form:
    """A form of the features.

    Attributes:
        columns: Of a row.
        first: Where the row's window begins, in columns from the start of the video frame.
        room: Width that the first layer is made for; features are padded to it. None: their own.
        scaled: Whether padded features are brought to the variance of full ones.
        width: Features kept, by principal components or by what tells most of lips; None: all.
        by_lips: Which of the two.
        smooth: Standard deviation of a smoothing over time, in seconds.
        gated: Whether they fade to rest in silence.
    """

    columns: int = 16
    first: int = -8
    room: int | None = None
    scaled: bool = True
    width: int | None = None
    by_lips: bool = False
    smooth: float = 0.0
    gated: bool = False


FORMS = {
    "16 columns, own width": Form(),
    "2 columns, own width": Form(2, 0),
    "1 column, own width": Form(1, 0),
    "8 columns, own width": Form(8, -4),
    "16 columns, padded to 1024": Form(room=1024),
    "2 columns, padded to 1024": Form(2, 0, room=1024),
    "16 columns, padded to 1024, not rescaled": Form(room=1024, scaled=False),
    "16 columns, 44 principal": Form(width=44),
    "16 columns, 44 by lips": Form(width=44, by_lips=True),
    "16 columns, 32 principal": Form(width=32),
    "16 columns, 32 by lips": Form(width=32, by_lips=True),
    "16 columns, 29 principal": Form(width=29),
    "16 columns, 29 by lips": Form(width=29, by_lips=True),
    "2 columns, 44 by lips": Form(2, 0, width=44, by_lips=True),
    "1 column, 44 by lips": Form(1, 0, width=44, by_lips=True),
    "2 columns, 29 by lips": Form(2, 0, width=29, by_lips=True),
    "16 columns, smoothed by 20 ms": Form(smooth=0.02),
    "16 columns, smoothed by 40 ms": Form(smooth=0.04),
    "16 columns, silence gate": Form(gated=True),
}
"""What is compared; the first is what the others are compared with."""


def listen(encoder: PASE, corpus: Corpus, clips: Sequence[SeenClip]) -> list[Heard]:
    """Features and silence of clips."""
    records = [clip.record for clip in clips]
    return [
        Heard(clip, encoder.encode(sound, 16_000), SilenceGate.listen([sound]))
        for clip, sound in zip(clips, hear_clips(corpus, records, Condition()), strict=True)
    ]


def principal(heard: Sequence[Heard], width: int) -> Projection:
    """The projection to the first principal components, whitened."""
    states = np.concatenate([own.track.states for own in heard])
    variance, axes = np.linalg.eigh(states.T @ states / len(states))
    matrix = axes[:, ::-1][:, :width] / np.sqrt(np.maximum(variance[::-1][:width], 1e-4))
    return partial(_project, matrix=matrix.astype(np.float32))


def by_lips(heard: Sequence[Heard], width: int) -> Projection:
    """The projection to the directions that tell most of the lips around a moment (reduced-rank regression), whitened.

    Lips of four frames before to four after are regressed on the features of a frame; the directions are those of the
    predictions' variance.
    """
    features = np.concatenate([own.track.at_rate(25)[: len(own.clip)] for own in heard]).astype(np.float64)
    lips = np.concatenate([_around(own.clip.shape) for own in heard]).astype(np.float64)
    moment = features.T @ features / len(features) + 1e-3 * np.eye(features.shape[1])
    variance, axes = np.linalg.eigh(moment)
    white = axes / np.sqrt(variance)
    told = (features @ white).T @ lips / len(lips)
    directions, _, _ = np.linalg.svd(told, full_matrices=False)
    return partial(_project, matrix=(white @ directions[:, :width]).astype(np.float32))


def _around(shape: NDArray[np.float32]) -> NDArray[np.float32]:
    places = np.clip(np.arange(len(shape))[:, None] + np.arange(-4, 5), 0, len(shape) - 1)
    return np.asarray(shape[places].reshape(len(shape), -1))


def _project(track: FeatureTrack, matrix: Rows) -> FeatureTrack:
    return replace(track, states=track.states @ matrix)


def _smooth(track: FeatureTrack, seconds: float) -> FeatureTrack:
    reach = round(3 * seconds * track.rate)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * track.rate)) ** 2)
    padded = np.pad(track.states, ((reach, reach), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return replace(track, states=(windows @ (kernel / kernel.sum())).astype(np.float32))


def rows_of(heard: Heard, form: Form, project: Projection | None) -> Tensor:
    """Rows of a clip, shape ``(T, columns, features)``: without the zeros that pad them."""
    track = heard.track if project is None else project(heard.track)
    if form.smooth:
        track = _smooth(track, form.smooth)
    rate = 25 if form.columns == 1 else 50
    layout = RowLayout(25, rate, form.columns, form.first, width=None)
    rows = make_rows(track, layout, 0, len(heard.clip), heard.gate if form.gated else None)
    scale = (form.room / track.width) ** 0.5 if form.room and form.scaled else 1.0
    return torch.from_numpy(rows * np.float32(scale))


class Speaker(nn.Module):
    """The audio path and a linear layer that reads lips off it.

    Args:
        width: Features that are not padding.
        room: Width that the first layer is made for: its weights are drawn for that many inputs, of which all but
            `width` are always zero and are left out.
    """

    def __init__(self, width: int, room: int) -> None:
        super().__init__()
        self.path = AudioPath(room)
        first = self.path.net.convolutions[0]
        first.weight = nn.Parameter(first.get_parameter("weight").detach()[:, :width].clone())
        self.lips = nn.Linear(32, 80)

    def forward(self, rows: Tensor) -> Tensor:
        """Lip points ``(B, T, 80)`` in mouth widths from rows ``(B, T, columns, width)``."""
        shape: Tensor = self.lips(self.path(rows))
        return shape


def train(rows: Sequence[Tensor], shapes: Sequence[Tensor], room: int | None, steps: int, seed: int) -> Speaker:
    """Train a speaker on clips."""
    torch.manual_seed(seed)
    draws = np.random.default_rng(seed)
    width = rows[0].shape[-1]
    model = Speaker(width, room or width)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        drawn = [
            (place, int(draws.integers(len(rows[place]) - _FRAMES + 1))) for place in draws.choice(len(rows), _CLIPS)
        ]
        inputs = torch.stack([rows[place][start : start + _FRAMES] for place, start in drawn])
        wanted = torch.stack([shapes[place][start : start + _FRAMES] for place, start in drawn])
        loss = (model(inputs) - wanted)[:, 4:-4].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


@dataclass(frozen=True)
class Score:
    """What held-out clips say.

    Attributes:
        lmd: Lip landmark distance in mouth widths.
        jitter: What predicted lip points move from frame to frame in silence, in mouth widths; NaN where none is known.
    """

    lmd: float
    jitter: float


@torch.inference_mode()
def score(model: Speaker, rows: Sequence[Tensor], heard: Sequence[Heard]) -> Score:
    """Score a speaker on clips."""
    predicted = [model(own[None])[0].numpy() for own in rows]
    pairs = list(zip(predicted, heard, strict=True))
    distances = np.concatenate([landmark_distance(lips, own.clip.shape) for lips, own in pairs])
    sums = [jitter_sums(lips, own.clip.labels) for lips, own in pairs if own.clip.spoken]
    moved, steps = np.sum([np.zeros(2), *sums], axis=0)
    return Score(float(distances.mean()), float(moved / steps) if steps else math.nan)


def compare(
    known: Sequence[Heard], new: Sequence[Heard], forms: Sequence[str], seeds: int, steps: int
) -> dict[str, list[Score]]:
    """Scores of each form for each seed; a line for each on stderr."""
    found: dict[str, list[Score]] = {}
    long = [own for own in known if len(own.clip) >= _FRAMES]
    shapes = [torch.from_numpy(own.clip.shape) for own in long]
    for name in forms:
        form = FORMS[name]
        project = (by_lips if form.by_lips else principal)(long, form.width) if form.width else None
        rows = [rows_of(own, form, project) for own in long]
        tests = [rows_of(own, form, project) for own in new]
        found[name] = [score(train(rows, shapes, form.room, steps, seed), tests, new) for seed in range(seeds)]
        print(f"{name}: {[round(own.lmd, 5) for own in found[name]]}", file=sys.stderr, flush=True)
    return found


def table(found: dict[str, list[Score]]) -> str:
    """The scores as a table in Markdown: means over seeds, and differences to the first form."""
    lines = ["| form | LMD | against the first | jitter in silence |", "| --- | ---: | ---: | ---: |"]
    base = dict(enumerate(own.lmd for own in next(iter(found.values()))))
    for name, scores in found.items():
        lmd = dict(enumerate(own.lmd for own in scores))
        against = paired_difference(lmd, base)
        difference = "" if against is None or lmd == base else against.text(5, "+")
        lines.append(
            f"| {name} | {seed_mean(list(lmd.values())).text(5)} | {difference} | "
            f"{seed_mean([own.jitter for own in scores]).text(5)} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="prepared corpus with training and validation clips")
    parser.add_argument("--checkpoint", type=Path, help="PASE checkpoint folder (default: the one in the package)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600, help="of training (default 600)")
    parser.add_argument("--clips", type=int, default=400, help="most training clips (default 400)")
    parser.add_argument("--forms", nargs="+", choices=list(FORMS), default=list(FORMS), metavar="NAME")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        corpus, encoder = Corpus.open(options.corpus), PASE.from_pretrained(options.checkpoint)
        known = listen(encoder, corpus, see_clips(corpus, training(corpus, options.clips)))
        new = listen(encoder, corpus, see_clips(corpus, held_out(corpus)))
        print(table(compare(known, new, options.forms, options.seeds, options.steps)))
    except PaseError as error:
        print(f"layouts: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
