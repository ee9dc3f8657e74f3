"""Training the judge on a prepared corpus, without the clips that it will have to judge."""

from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation.judge.hearing import PER_FRAME, mel_bands
from pase.evaluation.judge.network import SIDE, Judge, whole, windows
from pase.execution.progress import ProgressReport

_CLIPS, _PLACES = 12, 8
"""Clips in a step, and windows of each: the others of its own clip are what a window is told from."""

_RATE = 1e-3


def grey_mouths(lips: NDArray[np.uint8]) -> Tensor:
    """Crops ``(T, H, W, 3)`` as the judge sees them: grey, uint8, ``(T, 48, 48)``."""
    pictures = torch.from_numpy(lips).float().mean(3)[:, None]
    return F.interpolate(pictures, (SIDE, SIDE), mode="area")[:, 0].round().to(torch.uint8)


def clips_without(corpus: Corpus, stems: Set[str], split: str = "train") -> list[ClipRecord]:
    """Clips of a split with faces and sound that are not from videos of these names (without suffix).

    Raises:
        InputError: Too few are left, or a name is no video of the corpus.
    """
    if unknown := stems - {Path(record.source).stem for record in corpus.records}:
        raise InputError(
            f"{corpus.folder} has no clip of {', '.join(sorted(unknown)[:5])}: nothing would be kept apart"
        )
    left = [
        record
        for record in corpus.split(split)
        if record.modality == "audio-video" and Path(record.source).stem not in stems
    ]
    if len(left) < _CLIPS:
        raise InputError(f"{corpus.folder} leaves {len(left)} clips to learn from; at least {_CLIPS} are needed")
    return left


def train_judge(corpus: Corpus, records: Sequence[ClipRecord], steps: int, seed: int) -> Judge:
    """Train a judge.

    Args:
        corpus: Prepared corpus with faces and sound.
        records: Its clips to learn from.
        steps: Of 96 windows.
        seed: Of weights and draws.
    """
    torch.manual_seed(seed)
    draws = np.random.default_rng(seed)
    clips = [_content(corpus, record) for record in records]
    model = Judge()
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
    with ProgressReport("train the judge", steps) as progress:
        for _ in range(steps):
            mouths, bands = _batch(clips, draws)
            similarity = model.sharpness.exp() * model.see(mouths) @ model.hear(bands).T
            target = torch.arange(len(similarity))
            loss = F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            progress.advance(failed=False)
    return model.eval()


def _content(corpus: Corpus, record: ClipRecord) -> tuple[Tensor, Tensor]:
    clip = corpus.read(record)
    return grey_mouths(clip.lips), torch.from_numpy(mel_bands(clip.waveform, record.frames))


def _batch(clips: Sequence[tuple[Tensor, Tensor]], draws: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Windows of mouths, as a camera might have taken them, and of the sound that belongs to them."""
    seen, heard = [], []
    for place in draws.choice(len(clips), _CLIPS, replace=len(clips) < _CLIPS):
        mouths, bands = clips[place]
        fitting = whole(mouths)
        frames = fitting[draws.choice(len(fitting), _PLACES, replace=len(fitting) < _PLACES)]
        seen.append(_varied(windows(mouths, frames).float() / 255, draws))
        heard.append(windows(bands, frames, PER_FRAME) + 0.3 * float(draws.standard_normal()))
    return torch.cat(seen), torch.cat(heard)


def _varied(mouths: Tensor, draws: np.random.Generator) -> Tensor:
    """Moved by a few pixels, mirrored, softened: drawn mouths are softer than filmed ones."""
    x, y = draws.integers(-3, 4, 2)
    mouths = torch.roll(mouths, (int(y), int(x)), (2, 3))
    if draws.random() < 0.5:
        mouths = mouths.flip(3)
    if draws.random() < 0.5:
        small = int(draws.integers(20, 44))
        mouths = F.interpolate(F.interpolate(mouths, (small, small), mode="area"), (SIDE, SIDE), mode="bilinear")
    return (mouths + 0.02 * torch.randn_like(mouths)) * float(draws.uniform(0.8, 1.2))
