"""Linear probes: how much of phones and visemes a softmax regression reads from each frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pase.evaluation.bootstrap import Floats
from pase.evaluation.context import neighbours, with_context
from pase.evaluation.ridge import HELD_OUT, Rows, standardisation
from pase.phonemes.inventory import PHONES, UNKNOWN, VISEME_NAMES, VISEME_OF_PHONE

Labels = NDArray[np.int64]

STRENGTHS = (1e-4, 1e-3, 1e-2)
"""Weights of the squared norm against the mean cross-entropy, for inputs of unit variance."""

CLASSES = {"phone": len(PHONES), "viseme": len(VISEME_NAMES)}
"""What is probed for, and its number of classes."""


@dataclass(frozen=True)
class ProbeConfig:
    """The budget, the same for every input.

    Attributes:
        context: Frames that each decision sees.
        steps: Steps of Adam, with a cosine down to zero.
        batch_size: Frames in each.
        lr: Rate at the beginning.
    """

    context: int = 1
    steps: int = 1000
    batch_size: int = 512
    lr: float = 1e-2


@dataclass(frozen=True)
class Probe:
    """A fitted softmax regression.

    Attributes:
        center: Mean of the inputs, shape ``(F,)``.
        scale: Their standard deviation, shape ``(F,)``.
        weights: Shape ``(context * F, classes)``.
        bias: Shape ``(classes,)``.
        context: Frames that each decision sees.
        strength: The chosen one of `STRENGTHS`.
    """

    center: Rows
    scale: Rows
    weights: Rows
    bias: Rows
    context: int
    strength: float

    def predict(self, rows: Rows) -> Labels:
        """Class of each frame of a clip from its rows of shape ``(T, F)``; shape ``(T,)``."""
        scores = with_context((rows - self.center) / self.scale, self.context) @ self.weights + self.bias
        return np.asarray(scores.argmax(axis=1))


def targets_of(labels: Labels) -> dict[str, Labels]:
    """Phone and viseme class of each frame from its phone, `UNKNOWN` kept."""
    visemes = np.asarray(VISEME_OF_PHONE)[np.maximum(labels, 0)]
    return {"phone": labels, "viseme": np.where(labels == UNKNOWN, UNKNOWN, visemes)}


def fit_probes(inputs: Sequence[Rows], labels: Sequence[Labels], config: ProbeConfig, seed: int) -> dict[str, Probe]:
    """Fit a probe for phones and one for visemes on training clips.

    Four fifths of the clips are fitted, every fifth chooses the strength. All targets and strengths are columns of one
    matrix: Adam treats each number for itself, so this is the same as to train them one after the other.

    Args:
        inputs: Rows of each clip, shape ``(T, F)``.
        labels: Phone class of each frame, shape ``(T,)``; frames of `UNKNOWN` are left out.
        config: Budget.
        seed: Order of the frames.
    """
    center, scale = standardisation(inputs)
    places = range(len(inputs))
    fitted = [place for place in places if place % HELD_OUT] or list(places)
    frames = _Frames.join([(inputs[i] - center) / scale for i in fitted], [labels[i] for i in fitted], config.context)
    weights, biases = _train(frames, config, seed)
    candidates = {
        name: [
            Probe(center, scale, weights[name][:, s].numpy(), biases[name][s].numpy(), config.context, strength)
            for s, strength in enumerate(STRENGTHS)
        ]
        for name in CLASSES
    }
    held = [(inputs[i], targets_of(labels[i])) for i in places[::HELD_OUT]]
    return {name: max(probes, key=lambda probe: _hits(probe, held, name)) for name, probes in candidates.items()}


def probe_sums(found: Labels, wanted: Labels, classes: int) -> tuple[Floats, Floats]:
    """What one clip adds to accuracy over labelled frames, and to the mean recall of the classes that occur.

    Args:
        found: Predicted classes, shape ``(T,)``.
        wanted: True ones, shape ``(T,)``; frames of `UNKNOWN` do not count.
        classes: How many there are.

    Returns:
        Hits and frames, shape ``(2,)``; hits of each class, then frames of each, shape ``(2 * classes,)``.
    """
    known = wanted != UNKNOWN
    hits = np.bincount(wanted[known & (found == wanted)], minlength=classes)
    frames = np.bincount(wanted[known], minlength=classes)
    return np.array([hits.sum(), frames.sum()], dtype=np.float64), np.concatenate([hits, frames]).astype(np.float64)


@dataclass(frozen=True)
class _Frames:
    """Labelled frames of several clips.

    Attributes:
        rows: All rows, shape ``(N, F)``.
        places: Rows that each labelled frame sees, shape ``(M, context)``.
        targets: Classes of the labelled frames, each of shape ``(M,)``.
    """

    rows: Tensor
    places: Tensor
    targets: dict[str, Tensor]

    @classmethod
    def join(cls, inputs: Sequence[Rows], labels: Sequence[Labels], context: int) -> "_Frames":
        starts = np.cumsum([0, *(len(rows) for rows in inputs)])
        places = np.concatenate(
            [start + neighbours(len(rows), context) for start, rows in zip(starts, inputs, strict=False)]
        )
        joined = np.concatenate(labels)
        known = joined != UNKNOWN
        targets = {name: torch.from_numpy(values[known]) for name, values in targets_of(joined).items()}
        return cls(torch.from_numpy(np.concatenate(inputs)), torch.from_numpy(places[known]), targets)


def _train(frames: _Frames, config: ProbeConfig, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights of shape ``(P, S, classes)`` and biases of shape ``(S, classes)`` for each target."""
    sizes = list(CLASSES.values())
    width, each = frames.rows.shape[1] * config.context, sum(sizes)
    weights = torch.zeros(width, len(STRENGTHS), each, requires_grad=True)
    biases = torch.zeros(len(STRENGTHS), each, requires_grad=True)
    optimizer = torch.optim.Adam([weights, biases], lr=config.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    penalty = torch.tensor(STRENGTHS)[:, None] / 2
    generator = torch.Generator().manual_seed(seed)
    for _ in range(config.steps):
        chosen = torch.randint(len(frames.places), (config.batch_size,), generator=generator)
        inputs = frames.rows[frames.places[chosen]].flatten(1)
        scores = (inputs @ weights.flatten(1)).view(-1, len(STRENGTHS), each) + biases
        loss = (penalty * weights.square()).sum()
        for name, part in zip(CLASSES, torch.split(scores, sizes, dim=2), strict=True):
            wanted = frames.targets[name][chosen, None].expand(-1, len(STRENGTHS))
            loss = loss + F.cross_entropy(part.flatten(0, 1), wanted.flatten()) * len(STRENGTHS)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    split_weights, split_biases = torch.split(weights.detach(), sizes, 2), torch.split(biases.detach(), sizes, 1)
    return dict(zip(CLASSES, split_weights, strict=True)), dict(zip(CLASSES, split_biases, strict=True))


def _hits(probe: Probe, held: Sequence[tuple[Rows, dict[str, Labels]]], name: str) -> int:
    return sum(int((probe.predict(rows) == targets[name]).sum()) for rows, targets in held)
