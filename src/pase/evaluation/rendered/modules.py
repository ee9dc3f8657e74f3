"""The measures of `pase.evaluation.rendered.metrics` as torchmetrics, whose states add up over videos and devices."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric, PearsonCorrCoef

from pase.evaluation.rendered.metrics import aperture, found_in_both, mouth_distance, mouth_width


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


_SIZES = {"aperture": aperture, "width": mouth_width}
