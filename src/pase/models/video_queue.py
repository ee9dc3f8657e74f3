"""A memory of the video of earlier batches: more negatives than a batch holds (paper section 2.6 leaves them open)."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class QueuedVideo:
    """Windows of earlier batches.

    Attributes:
        video: V as it was then, without gradient, shape ``(Q, T, D)``.
        phones: Class numbers, shape ``(Q, T)``.
        valid: True where the clip really has a frame, shape ``(Q, T)``.
    """

    video: Tensor
    phones: Tensor
    valid: Tensor

    def to_state(self) -> dict[str, Tensor]:
        """Plain tensors for a checkpoint."""
        return {"video": self.video, "phones": self.phones, "valid": self.valid}


def enqueue(queue: QueuedVideo | None, newest: QueuedVideo, windows: int) -> QueuedVideo:
    """The last `windows` windows; windows of another length begin a new queue."""
    if queue is None or queue.video.shape[1] != newest.video.shape[1]:
        joined = newest
    else:
        pairs = zip(queue.to_state().values(), newest.to_state().values(), strict=True)
        joined = QueuedVideo(*(torch.cat(pair) for pair in pairs))
    return QueuedVideo(*(part[-windows:] for part in joined.to_state().values()))
