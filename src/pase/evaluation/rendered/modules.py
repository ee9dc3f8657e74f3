"""The measures of `pase.evaluation.rendered.metrics` as torchmetrics, whose states add up over videos and devices."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric, PearsonCorrCoef

from pase.corpus.clip import labels_of_frames
from pase.evaluation.closures import SpokenGap, closure_sums
from pase.evaluation.judge.scores import SyncScores, sync_scores
from pase.evaluation.rendered.metrics import (
    aperture,
    found_in_both,
    mouth_distance,
    mouth_jitter,
    mouth_width,
)
from pase.phonemes.intervals import PhoneTrack


class LipLandmarkDistance(Metric):
    """Mean LMD over frames.

    Args:
        relative: In widths of the reference's mouth, the mean over all frames; otherwise in pixels.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    distance: Tensor
    width: Tensor
    frames: Tensor

    def __init__(self, relative: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.relative = relative
        for name in ("distance", "width", "frames"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, points: Tensor, reference: Tensor) -> None:
        """Add the frames of one video; lip points ``(T, 40, 2)`` in pixels, NaN where there is no face."""
        one, other = points.cpu().numpy(), reference.cpu().numpy()
        found = found_in_both(one, other)
        self.distance += float(mouth_distance(one, other)[found].sum())
        self.width += float(mouth_width(other)[found].sum())
        self.frames += int(found.sum())

    def compute(self) -> Tensor:
        """The mean; NaN without a frame."""
        return self.distance / (self.width if self.relative else self.frames)


class LipCorrelation(PearsonCorrCoef):
    """Correlation of the mouth's aperture or width over the frames of all videos together.

    Args:
        of: ``"aperture"`` or ``"width"``.
    """

    def __init__(self, of: str = "aperture", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if of not in _SIZES:
            raise ValueError(f"expected {' or '.join(_SIZES)}, found {of!r}")
        self.of = of

    def update(self, points: Tensor, reference: Tensor) -> None:
        """Add the frames of one video, as `LipLandmarkDistance.update`."""
        one, other = points.cpu().numpy(), reference.cpu().numpy()
        found, size = found_in_both(one, other), _SIZES[self.of]
        if found.any():
            pair = (torch.from_numpy(size(own)[found]).to(self.device, torch.float32) for own in (one, other))
            super().update(*pair)


class BilabialClosures(Metric):
    """How well closures of the lips at /p b m/ are rendered.

    Args:
        of: ``"recall"`` or ``"precision"``, see `pase.evaluation.closures.closure_sums`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    right: Tensor
    all: Tensor

    def __init__(self, of: str = "recall", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if of not in ("recall", "precision"):
            raise ValueError(f"expected recall or precision, found {of!r}")
        self.of = of
        for name in ("right", "all"):
            self.add_state(name, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, points: Tensor, reference: Tensor, phones: PhoneTrack) -> None:
        """Add the frames of one video, as `LipLandmarkDistance.update`, in which these phones are spoken.

        Tokens near a frame without a face are left out; a video without any adds nothing.
        """
        gaps = (aperture(own.cpu().numpy()) for own in (reference, points))
        labels = labels_of_frames(phones, len(points))
        right, count = closure_sums(SpokenGap.normalised(phones, *gaps), labels)[self.of]
        self.right += right
        self.all += count

    def compute(self) -> Tensor:
        """The share; NaN where lips close nowhere."""
        return self.right / self.all


class SilenceJitter(Metric):
    """Mean movement of the mouth from one silent frame to the next, in widths of the mouth."""

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    moved: Tensor
    pairs: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("moved", "pairs"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, points: Tensor, silent: Tensor) -> None:
        """Add the frames of one video: lip points ``(T, 40, 2)``, and which of them are silent, bool ``(T,)``."""
        moved = mouth_jitter(points.cpu().numpy(), silent.cpu().numpy())
        self.moved += float(moved.sum())
        self.pairs += len(moved)

    def compute(self) -> Tensor:
        """The mean; NaN without two silent frames side by side."""
        return self.moved / self.pairs


class _LipSync(Metric):
    is_differentiable = False
    full_state_update = False
    total: Tensor
    videos: Tensor

    def __init__(self, *, zeros_beyond: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zeros_beyond = zeros_beyond
        for name in ("total", "videos"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, seen: Tensor, heard: Tensor) -> None:
        """Add a video: embeddings of its windows of pictures and of their sound, both ``(T, D)``."""
        self.total += self._of(sync_scores(seen.cpu().numpy(), heard.cpu().numpy(), zeros_beyond=self.zeros_beyond))
        self.videos += 1

    def compute(self) -> Tensor:
        """The mean; NaN without a video."""
        return self.total / self.videos

    @staticmethod
    def _of(scores: SyncScores) -> float:
        raise NotImplementedError


class LipSyncConfidence(_LipSync):
    """Mean LSE-C over videos, of any two-stream sync network.

    Args:
        zeros_beyond: True for SyncNet's own protocol, see `pase.evaluation.judge.scores.sync_scores`.
    """

    higher_is_better = True

    @staticmethod
    def _of(scores: SyncScores) -> float:
        return scores.confidence


class LipSyncDistance(_LipSync):
    """Mean LSE-D over videos, likewise."""

    higher_is_better = False

    @staticmethod
    def _of(scores: SyncScores) -> float:
        return scores.distance


_SIZES = {"aperture": aperture, "width": mouth_width}
