"""Writing a renderer's feature file, and beside it a note of what the features were made from."""

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from pase.errors import InputError
from pase.files import atomic_path, read_json, write_json
from pase.inference.track import FeatureTrack
from pase_adapters.layout import feature_scale, make_rows
from pase_adapters.spec import RendererSpec

_BLOCK = 256
"""Rows held in memory at a time: 16 MB for ER-NeRF."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a feature file was made from; the same origin gives the same features.

    Attributes:
        renderer: Name of the renderer.
        model_id: Identity of the PASE checkpoint.
        audio_sha256: Hash of the sound file.
    """

    renderer: str
    model_id: str
    audio_sha256: str


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
    names = [field.name for field in fields(Origin)]
    values = [content[name] for name in names if name in content] if isinstance(content, dict) else []
    if len(values) < len(names) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{path} is not a note of pase-adapt. Remove it, or write elsewhere with --output.")
    return Origin(*values)


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


def write_features(path: Path, spec: RendererSpec, track: FeatureTrack, rows: int, origin: Origin) -> None:
    """Write the feature array ``(rows, columns, width)`` as ``.npy`` and its note, in memory that does not grow.

    The old note goes before the new features come: a process killed in between leaves features without a note, which
    are never overwritten unasked.

    Raises:
        InputError: The file cannot be written, or the features do not fit the renderer.
    """
    layout = spec.layout
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, layout.columns, layout.width)}
    with atomic_path(path) as temporary:
        # Plain writes and no memory map: a full disk then is an error with a message, not a SIGBUS.
        with temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, rows, _BLOCK):
                block = make_rows(track, layout, start, min(start + _BLOCK, rows))
                file.write(block.astype("<f4", copy=False).data)
        note_path(path).unlink(missing_ok=True)
    write_json(note_path(path), _note(spec, track, rows, origin))


def _note(spec: RendererSpec, track: FeatureTrack, rows: int, origin: Origin) -> dict[str, Any]:
    return {
        **asdict(origin),
        "layout": asdict(spec.layout),
        "rows": rows,
        "feature_width": track.width,
        "scale": feature_scale(track.width, spec.layout),
        "state_rate": track.rate,
        "duration": track.duration,
    }
