"""Feature files of any speech encoder, in the rows that `pase-adapt` writes: same moments, same windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.baselines.registry import open_baseline
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.files import atomic_path, make_folder
from pase.inference.encoder import PASE
from pase_adapters.benchmark.plan import short_hash
from pase_adapters.layout import make_rows
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage, Take
from pase_adapters.renderers.family import ROWS_OF_16

LAYOUT = ROWS_OF_16
"""Of the rows, as `pase-adapt` writes them for the renderers that the reference renderers stand for."""

_WITHOUT_NEIGHBOURS = replace(LAYOUT, columns=2, first_column=0)

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
    def of(cls, source: str, columns: Sequence[Columns]) -> "Hearing":
        """An encoder that brings these features, which it has given of the training takes, to one scale."""
        if cls(source).standardised:
            return cls(source)
        every = np.concatenate(columns)
        return cls(source, every.mean(axis=0), every.std(axis=0) + 1e-4)

    @property
    def standardised(self) -> bool:
        """Whether its features have one scale by themselves: PASE's do."""
        return self.source == "pase" or Path(self.source).is_dir()

    def columns(self, sound: Waveform, frames: int) -> Columns:
        """As the encoder gives them, every 20 ms, at the moments of a feature file's columns: ``(2 * frames, D)``."""
        if self.standardised:
            pase = _open_pase(self.source)
            rows = make_rows(pase.encode(sound, SAMPLE_RATE), replace(_WITHOUT_NEIGHBOURS, width=pase.width), 0, frames)
            return rows.reshape(2 * frames, -1)
        encoder = open_baseline(self.source)
        # They tell features of the middle of a frame: of sound that begins 10 ms later, those of 10 ms before it.
        early = encoder.rows(np.pad(sound, (_HALF_COLUMN, 0)), frames)
        late = encoder.rows(sound[_HALF_COLUMN:], frames)
        return np.stack([early, late], axis=1).reshape(2 * frames, -1)

    def rows(self, columns: Columns) -> Columns:
        """Rows of a take, one for each video frame, with zeros around it: shape ``(frames, 16, width)``."""
        scaled = (columns - self.mean) / self.scale
        return windows(scaled, LAYOUT.columns, LAYOUT.first_column).astype(np.float32)

    def hear(self, sound: Waveform, frames: int) -> Columns:
        """Rows of a take from its sound."""
        return self.rows(self.columns(sound, frames))


@cache
def _open_pase(source: str) -> PASE:
    return PASE.from_pretrained(None if source == "pase" else Path(source))


def windows(columns: Columns, count: int, first: int) -> Columns:
    """Rows of `count` columns from `first` on, zeros beyond the ends: shape ``(frames, count, width)``."""
    padded = np.pad(columns, ((max(0, -first), count), (0, 0)))
    starts = np.arange(len(columns) // 2) * 2 + first + max(0, -first)
    return np.stack([padded[starts + column] for column in range(count)], axis=1)


def identity_of(source: str) -> str:
    """What tells an encoder from others of its name: the hash of a checkpoint's weights; empty for baselines."""
    return _open_pase(source).info.model_id if Hearing(source).standardised else ""


def write_rows(path: Path, rows: Columns) -> Features:
    """Write a feature file and open it."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
    return Features.open(path)


def training_features(source: str, footage: Footage, folder: Path) -> tuple[Features, Hearing]:
    """The feature file of a footage, made once, and the hearing that made it.

    Each take is heard by itself, as those that are tested will be: what a recogniser says of a moment depends on all
    that it is given.
    """
    name = short_hash([source, identity_of(source)])
    path, scale = make_folder(folder) / f"{name}.npy", folder / f"{name}.npz"
    with FileLock(folder / f".{name}.lock"):
        if not path.is_file() or not scale.is_file():
            sound = load_audio(footage.sound)
            columns = [Hearing(source).columns(cut(sound, take), take.frames) for take in footage.takes]
            hearing = Hearing.of(source, columns)
            with atomic_path(scale) as temporary, temporary.open("wb") as file:
                np.savez(file, mean=hearing.mean, scale=hearing.scale, allow_pickle=False)
            write_rows(path, np.concatenate([hearing.rows(own) for own in columns]))
    with np.load(scale, allow_pickle=False) as kept:
        return Features.open(path), Hearing(source, kept["mean"], kept["scale"])


def cut(sound: Waveform, take: Take) -> Waveform:
    """The sound of one take out of that of all."""
    return sound[take.first * SAMPLES_PER_FRAME : (take.first + take.frames) * SAMPLES_PER_FRAME]
