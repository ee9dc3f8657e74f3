"""LSE-C and LSE-D, as the field computes them from any two-stream sync network.

Embeddings of each window of pictures are compared with those of the sound from 15 frames before it to 15 after.
Distances are averaged over the windows for each shift: LSE-D is the smallest of these means, LSE-C what the median of
them lies above it (Prajwal and others 2020, "A Lip Sync Expert", section 4.2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.evaluation.sync import SHIFTS


@dataclass(frozen=True, slots=True)
class SyncScores:
    """Of one video.

    Attributes:
        confidence: LSE-C, higher is better.
        distance: LSE-D, lower is better.
        at_zero: Mean distance where the video is left as it is.
        offset: Frames by which the sound lags behind the lips; 0 where they are in time. SyncNet's own programs print
            it with the other sign.
    """

    confidence: float
    distance: float
    at_zero: float
    offset: int


LEAST_WINDOWS = 2 * SHIFTS[-1]
"""Without zeros beyond the ends: the farthest shift leaves half of so many windows."""


def sync_scores(seen: NDArray[np.float32], heard: NDArray[np.float32], *, zeros_beyond: bool) -> SyncScores:
    """Scores of a video from its embeddings.

    Args:
        seen: Of the windows of pictures, shape ``(T, D)``.
        heard: Of the sound at the same places, shape ``(T, D)``.
        zeros_beyond: Whether zeros lie beyond the ends of the sound, as in SyncNet's own evaluation. From embeddings of
            unit length a zero is nearer than another one at random, so that for these each shift is to be averaged over
            those windows alone that have a sound: False.

    Raises:
        ValueError: They are not of one shape, hold no window, or fewer than `LEAST_WINDOWS` without zeros beyond.
    """
    if seen.shape != heard.shape or seen.ndim != 2 or not len(seen):
        raise ValueError(f"expected embeddings of one shape (T, D), found {seen.shape} and {heard.shape}")
    if not zeros_beyond and len(seen) < LEAST_WINDOWS:
        raise ValueError(f"expected at least {LEAST_WINDOWS} windows, found {len(seen)}")
    reach = SHIFTS[-1]
    padded = np.pad(heard, ((reach, reach), (0, 0)), constant_values=0 if zeros_beyond else np.nan)
    shifted = np.stack([padded[reach + shift : reach + shift + len(seen)] for shift in SHIFTS])
    # torch's pairwise_distance, by which it is computed there, adds 1e-6 to each difference.
    means = np.nanmean(np.linalg.norm(seen[None] - shifted + 1e-6, axis=2), axis=1)
    best = int(means.argmin())
    return SyncScores(float(np.median(means) - means[best]), float(means[best]), float(means[reach]), SHIFTS[best])
