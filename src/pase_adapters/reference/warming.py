"""Teaching the audio path what of the sound shows at all, before pictures are drawn.

Renderers look at one frame after the other and need hundreds of thousands of them until their audio path has learnt.
Here it first learns to tell the principal components of the mouth pictures, on long stretches, which takes seconds.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pase_adapters.reference.audio_net import CODE, ROWS, AudioPath
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage

_COMPONENTS = 24
_SIDE = 32
"""Side in pixels of the pictures whose components are taken."""

_SEEN = 1500
"""Most pictures that the components are computed from."""

_STRETCHES, _FRAMES = 8, 64
_RATE = 2e-3


def warm_up(path: AudioPath, footage: Footage, features: Features, steps: int, draws: np.random.Generator) -> None:
    """Train an audio path, in place.

    Args:
        path: On any device.
        footage: Its training frames are learnt from.
        features: Rows for its frames.
        steps: Of 512 frames.
        draws: Randomness.
    """
    device = next(path.parameters()).device
    shown = torch.from_numpy(components(footage)).to(device)
    rows = torch.from_numpy(features.rows[: len(footage)].astype(np.float32)).to(device)
    last = int(footage.training[-1]) + 1 - _FRAMES
    read = nn.Linear(CODE, shown.shape[1]).to(device)
    optimizer = torch.optim.Adam([*path.parameters(), *read.parameters()], lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
    edge = ROWS // 2
    for _ in range(steps):
        starts = draws.integers(0, max(last, 0) + 1, _STRETCHES)
        heard = torch.stack([rows[start : start + _FRAMES] for start in starts])
        wanted = torch.stack([shown[start : start + _FRAMES] for start in starts])
        loss: Tensor = (read(path(heard)) - wanted)[:, edge:-edge].square().mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()


def components(footage: Footage) -> NDArray[np.float32]:
    """Principal components of the mouth pictures, shape ``(T, 24)``, of mean variance 1 together."""
    small = _small(footage)
    some = small[
        footage.training[np.linspace(0, len(footage.training) - 1, min(_SEEN, len(footage.training))).astype(int)]
    ]
    mean = some.mean(axis=0)
    _, sizes, axes = np.linalg.svd(some - mean, full_matrices=False)
    scale = np.sqrt((sizes[:_COMPONENTS] ** 2).sum() / len(some) / _COMPONENTS)
    return np.asarray((small - mean) @ axes[:_COMPONENTS].T / max(float(scale), 1e-6), dtype=np.float32)


def _small(footage: Footage) -> NDArray[np.float32]:
    parts = [
        torch.nn.functional.interpolate(
            torch.from_numpy(footage.pictures(np.arange(start, min(start + 256, len(footage))))).mean(3)[:, None],
            (_SIDE, _SIDE),
            mode="area",
        )
        for start in range(0, len(footage), 256)
    ]
    return torch.cat(parts).flatten(1).numpy()
