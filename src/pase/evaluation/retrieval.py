"""Given a stretch of sound, which of many stretches of video is its own?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.evaluation.bootstrap import Floats
from pase.models.alignment import VideoWindows
from pase.models.model import PaseModel

MOST = 300
"""Candidates; where clips hold more stretches, these are evenly spread."""


@dataclass(frozen=True)
class Stretch:
    """Frames ``start ... start + frames - 1`` of a clip."""

    clip: int
    start: int


def choose_stretches(lengths: Sequence[int], frames: int, most: int = MOST) -> list[Stretch]:
    """Stretches side by side without overlap in clips of the given lengths, at most `most` of them."""
    found = [
        Stretch(clip, start) for clip, length in enumerate(lengths) for start in range(0, length - frames + 1, frames)
    ]
    if len(found) <= most:
        return found
    return [found[int(place)] for place in np.linspace(0, len(found) - 1, most).round()]


@torch.inference_mode()
def rank_own_video(
    model: PaseModel, audio: Sequence[Tensor], video: Sequence[Tensor], stretches: Sequence[Stretch], frames: int
) -> NDArray[np.int64]:
    """Rank of each stretch's own video among those of all, by mean similarity over its frames; 1 is the best.

    Args:
        model: In evaluation mode; told no phones.
        audio: A of each clip, shape ``(T, D)``.
        video: V of each clip, shape ``(T, D)``.
        stretches: The N stretches.
        frames: Their length.

    Returns:
        Shape ``(N,)``; of equal similarities its own is counted last.
    """
    heard = torch.stack([audio[s.clip][s.start : s.start + frames] for s in stretches])
    query = model.alignment.query(heard, None)
    seen = [model.alignment.windows(video[s.clip][None]).at(_frames(s, frames, heard.device)) for s in stretches]
    keys, values = (torch.cat([getattr(own, name) for own in seen]) for name in ("keys", "values"))
    inside = torch.stack([own.inside for own in seen])
    total = torch.zeros(len(stretches), len(stretches), device=heard.device)
    for step in range(frames):
        windows = VideoWindows(keys[None, :, step], values[None, :, step], inside[:, step])
        total += model.alignment.compare(heard[:, step], query[:, step], windows)
    return np.asarray((total >= total.diagonal()[:, None]).sum(dim=1).cpu().numpy())


def retrieval_sums(ranks: NDArray[np.int64], stretches: Sequence[Stretch], clips: int) -> tuple[Floats, Floats]:
    """What each clip adds to the share of stretches whose own video comes first, and to their median rank.

    Returns:
        Hits and stretches, shape ``(clips, 2)``; how often each rank occurs, shape ``(clips, N)``.
    """
    counts = np.zeros((clips, len(ranks)))
    np.add.at(counts, (np.array([s.clip for s in stretches], dtype=np.int64), ranks - 1), 1)
    return np.stack([counts[:, 0] if len(ranks) else np.zeros(clips), counts.sum(axis=1)], axis=1), counts


def _frames(stretch: Stretch, frames: int, device: torch.device) -> Tensor:
    return torch.arange(stretch.start, stretch.start + frames, device=device)
