"""Writing files so that a killed process leaves the old file or the new one, never half of one."""

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pase.errors import InputError


def make_folder(folder: Path) -> Path:
    """Create `folder` with its parents and prove that it can be written to.

    Raises:
        InputError: It cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(_no_folder(folder, error)) from error
    return folder


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed to `path`, on any error it is removed.

    The temporary name keeps the suffix, for writers that choose the format by it.

    Raises:
        InputError: The folder cannot be written to, or the disk is full.
    """
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"  # containers that share a disk may have equal process numbers
    temporary = path.with_name(f".{path.stem}.{unique}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(_no_folder(path.parent, error)) from error
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename is not None and Path(os.fsdecode(error.filename)) not in (temporary, path):
            raise  # another file's trouble
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # a read-only folder, of which the error tells
            temporary.unlink(missing_ok=True)


def _no_folder(folder: Path, error: OSError) -> str:
    return f"cannot write to the folder {folder}: {error.strerror or error}. Choose another, or mend its permissions."


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically, keys sorted, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: It is absent or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
