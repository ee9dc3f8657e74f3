"""Arrays that an evaluation leaves for the report's figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase.evaluation.clip_features import ClipFeatures
from pase.evaluation.ridge import Ridge
from pase.files import atomic_path
from pase.phonemes.inventory import PHONES, UNKNOWN

NAME = "evidence.npz"


@dataclass(frozen=True)
class Evidence:
    """What the report draws beside the results.

    Attributes:
        phone_means: Mean feature of each phone over validation clips, float32, shape ``(40, D)``.
        phone_frames: Frames that each mean rests on, shape ``(40,)``.
        ridge: From features to lip aperture.
    """

    phone_means: NDArray[np.float32]
    phone_frames: NDArray[np.int64]
    ridge: Ridge

    @classmethod
    def collect(cls, clips: Sequence[ClipFeatures], ridge: Ridge) -> "Evidence":
        """Average the clips' features by phone."""
        frames = np.zeros(len(PHONES), dtype=np.int64)
        sums = np.zeros((len(PHONES), clips[0].features.shape[1]))
        for clip in clips:
            known = clip.labels != UNKNOWN
            np.add.at(sums, clip.labels[known], clip.features[known])
            frames += np.bincount(clip.labels[known], minlength=len(PHONES))
        return cls((sums / np.maximum(frames, 1)[:, None]).astype(np.float32), frames, ridge)

    def save(self, folder: Path) -> None:
        """Write ``evidence.npz``."""
        arrays: dict[str, Any] = {f"ridge_{name}": np.asarray(getattr(self.ridge, name)) for name in _RIDGE}
        with atomic_path(folder / NAME) as temporary:
            np.savez(temporary, phone_means=self.phone_means, phone_frames=self.phone_frames, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "Evidence":
        """Read ``evidence.npz``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / NAME
        try:
            with np.load(path, allow_pickle=False) as arrays:
                center, scale, weights, bias, strength = (arrays[f"ridge_{name}"] for name in _RIDGE)
                ridge = Ridge(center, scale, weights, float(bias), float(strength))
                return cls(arrays["phone_means"], arrays["phone_frames"], ridge)
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{path} cannot be read: {error}. Run `pase evaluate` again.") from error


_RIDGE = ("center", "scale", "weights", "bias", "strength")
