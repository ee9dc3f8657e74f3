"""A memory of the video of earlier batches: more negatives than a batch holds (paper section 2.6 leaves them open)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pase.errors import InputError
from pase.phonemes.inventory import PHONES, UNKNOWN


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

    @classmethod
    def from_state(cls, state: Any, dim: int) -> "QueuedVideo":
        """Inverse of `to_state`.

        Args:
            state: Out of a checkpoint, which may be a stranger's.
            dim: Width D of the model that goes on.

        Raises:
            InputError: It is no queue of such a model.
        """
        names = ("video", "phones", "valid")
        if not isinstance(state, dict) or set(state) != {*names} or not all(map(torch.is_tensor, state.values())):
            raise InputError(f"the checkpoint's queue of negatives: {', '.join(names)} were expected")
        video, phones, valid = (state[name] for name in names)
        places = (phones.shape, valid.shape)
        if video.ndim != 3 or video.shape[2] != dim or places != (video.shape[:2],) * 2:
            raise InputError(
                f"the checkpoint's queue of negatives has the shapes {tuple(video.shape)}, {tuple(phones.shape)} and "
                f"{tuple(valid.shape)}, windows of {dim} numbers were expected"
            )
        kinds = (video.is_floating_point(), phones.dtype is torch.int64, valid.dtype is torch.bool)
        if not all(kinds) or not video.isfinite().all() or not ((phones >= UNKNOWN) & (phones < len(PHONES))).all():
            raise InputError("the checkpoint's queue of negatives holds what are no features, phones or marks")
        return cls(video, phones, valid)


def enqueue(queue: QueuedVideo | None, newest: QueuedVideo, windows: int) -> QueuedVideo:
    """The last `windows` windows; windows of another length begin a new queue."""
    if queue is None or queue.video.shape[1] != newest.video.shape[1]:
        joined = newest
    else:
        pairs = zip(queue.to_state().values(), newest.to_state().values(), strict=True)
        joined = QueuedVideo(*(torch.cat(pair) for pair in pairs))
    return QueuedVideo(*(part[-windows:] for part in joined.to_state().values()))
