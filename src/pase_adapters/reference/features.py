"""A feature file for the reference renderers: as `pase-adapt` writes it for ER-NeRF or GaussianTalker, of any width."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase_adapters.array_file import read_array_file
from pase_adapters.feature_file import hash_file, note_path, read_origin
from pase_adapters.reference.audio_net import ROWS
from pase_adapters.reference.model import ReferenceRenderer


@dataclass(frozen=True)
class Features:
    """Rows of a recording.

    Attributes:
        path: The file.
        rows: Mapped into memory, float, shape ``(T, columns, width)``.
        source: What made them: the checkpoint's id as the note beside the file tells it; empty without a note.
        digest: Hash of the file.
    """

    path: Path
    rows: NDArray[np.float32]
    source: str
    digest: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        """Features of a column."""
        return int(self.rows.shape[2])

    @property
    def columns(self) -> int:
        """Columns of a row."""
        return int(self.rows.shape[1])

    @classmethod
    def open(cls, path: Path) -> "Features":
        """Open a feature file.

        Raises:
            InputError: Missing, damaged, of another shape, or with values that are not finite.
        """
        try:
            header = read_array_file(path)
        except InputError as error:
            raise InputError(f"{path} {error}") from error
        if len(header.shape) != 3 or header.dtype.kind != "f" or not 1 <= header.shape[1] <= 16 or 0 in header.shape:
            raise InputError(
                f"{path} holds {header.text}; expected rows x 1 to 16 columns x features, as pase-adapt writes "
                f"them for er-nerf and gaussian-talker"
            )
        if header.size < header.expected_size:
            raise InputError(
                f"{path} has {header.size} bytes of {header.expected_size}: it is half-written, make it again"
            )
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
        for start in range(0, len(rows), 4096):
            if not np.isfinite(rows[start : start + 4096]).all():
                raise InputError(f"{path} has values that are not finite: make it again")
        origin = read_origin(path) if note_path(path).is_file() else None
        return cls(path, rows, "" if origin is None else origin.model_id, hash_file(path))

    def windows(self, frames: NDArray[np.int64]) -> NDArray[np.float32]:
        """The eight rows around each of some video frames, zeros beyond the ends: ``(F, 8, columns, width)``."""
        places = frames[:, None] + np.arange(-(ROWS // 2), ROWS // 2)
        inside = (places >= 0) & (places < len(self))
        found = self.rows[places.clip(0, len(self) - 1)].astype(np.float32)
        return np.asarray(found * inside[..., None, None], dtype=np.float32)

    def check_rows(self, frames: int, found: str) -> None:
        """Rows have to be as many as frames.

        Raises:
            InputError: They are not.
        """
        if len(self) != frames:
            raise InputError(
                f"{self.path} has {len(self)} rows and {found}: write the features with --data-dir, which brings them "
                f"to the number of frames"
            )

    def check_fit(self, model: ReferenceRenderer) -> None:
        """Features have to be of the kind that a renderer was trained on: width, columns and, by notes, checkpoint.

        Raises:
            InputError: They are not.
        """
        if self.width != model.width:
            raise InputError(f"{self.path} has {self.width} features, the renderer was trained on {model.width}")
        if model.columns not in (None, self.columns):
            raise InputError(
                f"{self.path} has rows of {self.columns} columns, the renderer was trained on rows of {model.columns}: "
                f"make them again for the same renderer and slot"
            )
        if model.source and self.source and model.source != self.source:
            raise InputError(
                f"{self.path} was made by the PASE checkpoint {self.source}, and the renderer was trained on features "
                f"of {model.source}: make them again with that checkpoint"
            )
