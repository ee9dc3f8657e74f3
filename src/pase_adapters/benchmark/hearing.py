"""Feature files of any speech encoder, in the rows that `pase-adapt` writes: same moments, same windows."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.baselines.registry import open_baseline
from pase.files import atomic_path, make_folder
from pase.inference.encoder import PASE
from pase_adapters.benchmark.plan import short_hash
from pase_adapters.layout import make_rows
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage
from pase_adapters.renderers.family import ROWS_OF_16

_WITHOUT_NEIGHBOURS = replace(ROWS_OF_16, columns=2, first_column=0)

_HALF_COLUMN = SAMPLE_RATE // 100
"""Samples from the middle of a video frame to the middles of its two columns."""

Columns = NDArray[np.float32]


@dataclass(frozen=True)
class Hearing:
    """An encoder, and how its features are brought to one scale.

    Attributes:
        source: What makes the features; see `pase_adapters.benchmark.plan.Plan`.
        mean: Of the training sound, for encoders that leave their features as they are.
        scale: Likewise.
    """

    source: str
    mean: Columns | float = 0.0
    scale: Columns | float = 1.0

    @classmethod
    def of(cls, source: str, sound: Waveform, frames: int) -> "Hearing":
        """An encoder that has listened to the training sound."""
        hearing = cls(source)
        if hearing.standardised:
            return hearing
        columns = hearing.columns(sound, frames)
        return cls(source, columns.mean(axis=0), columns.std(axis=0) + 1e-4)

    @property
    def standardised(self) -> bool:
        """Whether its features have one scale by themselves: PASE's do."""
        return self.source == "pase" or Path(self.source).is_dir()

    def columns(self, sound: Waveform, frames: int) -> Columns:
        """Features every 20 ms, at the moments of a feature file's columns: shape ``(2 * frames, width)``."""
        if self.standardised:
            pase = _open_pase(self.source)
            rows = make_rows(pase.encode(sound, SAMPLE_RATE), replace(_WITHOUT_NEIGHBOURS, width=pase.width), 0, frames)
            return rows.reshape(2 * frames, -1)
        encoder = open_baseline(self.source)
        # They tell features of the middle of a frame: of sound that begins 10 ms later, those of 10 ms before it.
        early = encoder.rows(np.pad(sound, (_HALF_COLUMN, 0)), frames)
        late = encoder.rows(sound[_HALF_COLUMN:], frames)
        columns = np.stack([early, late], axis=1).reshape(2 * frames, -1)
        return np.asarray((columns - self.mean) / self.scale, dtype=np.float32)

    def write(self, path: Path, sound: Waveform, frames: int) -> None:
        """Write the feature file of a sound, one row for each video frame, as `pase-adapt` does for either renderer."""
        rows = windows(self.columns(sound, frames), ROWS_OF_16.columns, ROWS_OF_16.first_column)
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, rows.astype(np.float32), allow_pickle=False)


@cache
def _open_pase(source: str) -> PASE:
    return PASE.from_pretrained(None if source == "pase" else Path(source))


def windows(columns: Columns, count: int, first: int) -> Columns:
    """Rows of `count` columns from `first` on, zeros beyond the ends: shape ``(frames, count, width)``."""
    padded = np.pad(columns, ((max(0, -first), count), (0, 0)))
    starts = np.arange(len(columns) // 2) * 2 + first + max(0, -first)
    return np.stack([padded[starts + column] for column in range(count)], axis=1)


def training_features(source: str, footage: Footage, folder: Path) -> tuple[Features, Hearing]:
    """The feature file of a footage's whole sound, made once, and the hearing that made it."""
    sound = load_audio(footage.sound)
    hearing = Hearing.of(source, sound, len(footage))
    path = make_folder(folder) / f"{short_hash(source)}.npy"
    if not path.is_file():
        hearing.write(path, sound, len(footage))
    return Features.open(path), hearing
