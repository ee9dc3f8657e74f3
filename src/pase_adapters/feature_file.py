"""Writing a renderer's feature file, and beside it a note of what the features were made from."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from pase.errors import InputError
from pase.files import atomic_path, make_folder, read_json, write_json
from pase.inference.track import FeatureTrack
from pase_adapters.gate import SilenceGate
from pase_adapters.layout import feature_scale, make_rows, row_shape
from pase_adapters.spec import RowLayout

_BLOCK = 256
"""Rows held in memory at a time: 16 MB for ER-NeRF."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a feature file was made from; the same origin gives the same features.

    Attributes:
        renderer: Name of the renderer.
        slot: Name of the renderer's input.
        model_id: Identity of the PASE checkpoint.
        audio_sha256: Hash of the sound file.
        rows_per_second: Frame rate of the subject's video (Hz).
        gated: Whether features fade to rest in silence.
    """

    renderer: str
    slot: str
    model_id: str
    audio_sha256: str
    rows_per_second: float
    gated: bool


def note_path(features: Path) -> Path:
    """The note that lies beside a feature file: ``aud_hu.npy`` has ``aud_hu.pase.json``."""
    return features.with_suffix(".pase.json")


def read_origin(features: Path) -> Origin | None:
    """What an existing feature file was made from, or None where no note tells.

    Raises:
        InputError: The note is damaged.
    """
    path = note_path(features)
    if not path.exists():
        return None
    content = read_json(path)
    wanted: dict[str, Any] = {
        field.name: (int, float) if field.type is float else field.type for field in fields(Origin)
    }
    if not isinstance(content, dict) or not all(isinstance(content.get(name), kind) for name, kind in wanted.items()):
        raise InputError(f"{path} is not a note of this pase-adapt. Remove it, or write elsewhere with --output.")
    return Origin(**{name: content[name] for name in wanted})


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def writing(features: Path) -> Iterator[None]:
    """Keep others from writing the same file meanwhile; the lock ends with the process, however it ends.

    Raises:
        InputError: Another process is writing it.
    """
    make_folder(features.parent)
    lock = features.with_name(f".{features.name}.lock")
    try:
        with FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise InputError(f"{features} is being written by another process: wait for it, or use --output") from error


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """What goes into a feature file.

    Attributes:
        layout: Shape and timing; its width is that of the file.
        track: Features of the recording.
        rows: How many rows.
        origin: What they are made from.
        gate: Fades them in silence.
    """

    layout: RowLayout
    track: FeatureTrack
    rows: int
    origin: Origin
    gate: SilenceGate | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return row_shape(self.rows, self.layout, self.track.width)

    def write(self, path: Path) -> None:
        """Write the array as ``.npy`` and its note, in memory that does not grow with the rows.

        The old note goes before the new features come: a process killed in between leaves features without a note,
        which are never overwritten unasked.

        Raises:
            InputError: The file cannot be written, or the features do not fit the renderer.
        """
        header = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        with atomic_path(path) as temporary:
            # Plain writes and no memory map: a full disk then is an error with a message, not a SIGBUS.
            with temporary.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                for start in range(0, self.rows, _BLOCK):
                    block = make_rows(self.track, self.layout, start, min(start + _BLOCK, self.rows), self.gate)
                    file.write(block.astype("<f4", copy=False).data)
            note_path(path).unlink(missing_ok=True)
        write_json(note_path(path), self._note())

    def _note(self) -> dict[str, Any]:
        return {
            **asdict(self.origin),
            "layout": asdict(self.layout),
            "rows": self.rows,
            "feature_width": self.track.width,
            "scale": feature_scale(self.track.width, self.layout),
            "state_rate": self.track.rate,
            "duration": self.track.duration,
        }
