"""Arrays that an evaluation leaves for the report's figures."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase.evaluation.clip_features import SeenClip
from pase.evaluation.ridge import Ridge, Rows
from pase.files import atomic_path
from pase.phonemes.inventory import PHONES, UNKNOWN

NAME = "evidence.npz"


@dataclass(frozen=True)
class Evidence:
    """What the report draws beside the results.

    Attributes:
        phone_means: Mean feature of each phone over validation clips, float32, shape ``(40, D)``.
        phone_frames: Frames that each mean rests on, shape ``(40,)``.
        ridge: From features to lips, see `pase.evaluation.fitted.Fitted`.
    """

    phone_means: NDArray[np.float32]
    phone_frames: NDArray[np.int64]
    ridge: Ridge

    @classmethod
    def collect(cls, clips: Sequence[SeenClip], features: Sequence[Rows], ridge: Ridge) -> "Evidence":
        """Average the clips' features by phone."""
        frames = np.zeros(len(PHONES), dtype=np.int64)
        sums = np.zeros((len(PHONES), features[0].shape[1]))
        for clip, rows in zip(clips, features, strict=True):
            known = clip.labels != UNKNOWN
            np.add.at(sums, clip.labels[known], rows[known])
            frames += np.bincount(clip.labels[known], minlength=len(PHONES))
        return cls((sums / np.maximum(frames, 1)[:, None]).astype(np.float32), frames, ridge)

    def save(self, folder: Path) -> None:
        """Write ``evidence.npz``."""
        arrays = {f"ridge_{item.name}": getattr(self.ridge, item.name) for item in fields(Ridge)}
        with atomic_path(folder / NAME) as temporary, temporary.open("wb") as file:
            np.savez(file, phone_means=self.phone_means, phone_frames=self.phone_frames, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "Evidence":
        """Read ``evidence.npz``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / NAME
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                ridge = Ridge(**{item.name: arrays[f"ridge_{item.name}"] for item in fields(Ridge)})
                return cls(arrays["phone_means"], arrays["phone_frames"], ridge)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{path} cannot be read: {error}. Run `pase evaluate` again.") from error
