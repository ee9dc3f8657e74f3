"""May the folder be written to, and has its disk room?"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pase.doctor.check import Result, Status

_GB = 10**9
_CLIP_BYTES = 121_000
"""Bytes per second of clip, in the corpus and the work folder together (docs/scale.md)."""

_LEAST, _LITTLE = 1 * _GB, 10 * _GB
"""Bytes free below which nothing can be prepared or trained, and below which a public corpus does not fit."""


def check_folder(folder: Path) -> Iterator[Result]:
    """Write a nameless file into `folder`, then ask for the room on its disk."""
    if not folder.is_dir():
        yield Result("folder", Status.PROBLEM, f"{folder} is not a folder", "make it, or name another by --folder")
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"pase")
    except OSError as error:
        found = f"{folder.absolute()} cannot be written to: {error.strerror or error}"
        yield Result("folder", Status.PROBLEM, found, "mend its permissions, or name another by --folder")
    else:
        yield Result("folder", Status.OK, f"{folder.absolute()} can be written to")
    yield judge_room(shutil.disk_usage(folder).free)


def judge_room(free: int) -> Result:
    """What so many free bytes are good for."""
    found = f"{free / _GB:.1f} GB free, room to prepare some {free / _CLIP_BYTES / 3600:.0f} hours of clips"
    advice = "free some, or work in a folder on another disk (--folder)"
    if free < _LEAST:
        return Result("disk", Status.PROBLEM, f"{free / _GB:.2f} GB free", advice)
    if free < _LITTLE:
        return Result("disk", Status.WARNING, found, advice)
    return Result("disk", Status.OK, found)
