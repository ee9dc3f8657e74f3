"""MFA's acoustic models and pronunciation dictionaries: from the name that a user gives to files."""

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pase.errors import InputError

Kind = Literal["acoustic", "dictionary"]

_SUFFIXES: dict[Kind, tuple[str, ...]] = {"acoustic": (".zip", ".am"), "dictionary": (".dict", ".txt")}


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """An acoustic model.

    Attributes:
        path: The zip file, or the folder of one that is unpacked.
        phones: The phones that it knows, without silence; empty where it does not say.
    """

    path: Path
    phones: frozenset[str]

    def unpack(self, folder: Path) -> None:
        """Put the model's files into `folder`, which does not exist yet."""
        if self.path.is_dir():
            folder.symlink_to(self.path.absolute(), target_is_directory=True)
            return
        with zipfile.ZipFile(self.path) as archive:
            archive.extractall(folder)
        inner = list(folder.iterdir())
        if len(inner) == 1 and inner[0].is_dir():
            outer = folder.with_name(folder.name + ".packed")
            folder.rename(outer)
            (outer / inner[0].name).rename(folder)
            outer.rmdir()


def find_acoustic_model(given: str) -> AcousticModel:
    """An acoustic model by the name under which ``mfa model download`` keeps it, or by its path.

    Args:
        given: Name, zip file, unpacked folder, or folder of a model as Hugging Face has them (with a subfolder
            ``acoustic``).

    Raises:
        InputError: None there, or it is no acoustic model.
    """
    path = _find("acoustic", given)
    folder = path / "acoustic"
    path = folder if folder.is_dir() else path
    return AcousticModel(path, _phones(path))


def find_dictionary(given: str, acoustic_model: str) -> Path:
    """A pronunciation dictionary by the name under which ``mfa model download`` keeps it, or by its path.

    Args:
        given: Name or file; also the name of one in `acoustic_model`.
        acoustic_model: As for `find_acoustic_model`.

    Raises:
        InputError: None there, or a kind that is not read.
    """
    beside = Path(acoustic_model).expanduser() / "dictionary" / f"{given}.dict"
    path = beside if beside.is_file() else _find("dictionary", given)
    if not path.is_file() or path.suffix not in _SUFFIXES["dictionary"]:
        wanted = " or ".join(_SUFFIXES["dictionary"])
        raise InputError(f"the dictionary {path} is no {wanted} file; give one dictionary, not a list of several")
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and content of a folder's files."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = "".join(f"{file.relative_to(path).as_posix()} {digest(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _find(kind: Kind, given: str) -> Path:
    """MFA's own order: downloaded models by name first, then paths."""
    kept = Path(os.environ.get("MFA_ROOT_DIR") or "~/Documents/MFA").expanduser() / "pretrained_models" / kind
    path = Path(given).expanduser()
    for candidate in (*(kept / f"{given}{suffix}" for suffix in _SUFFIXES[kind]), path):
        if candidate.exists():
            return candidate.absolute()
    names = sorted(file.stem for file in kept.iterdir() if file.suffix in _SUFFIXES[kind]) if kept.is_dir() else []
    raise InputError(
        f"no {'acoustic model' if kind == 'acoustic' else kind} {given!r}: no such file, and in {kept} there "
        f"{'are ' + ', '.join(names) if names else 'is none'}. Get it with 'mfa model download {kind} {given}'."
    )


def _phones(path: Path) -> frozenset[str]:
    try:
        meta = _meta(path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no acoustic model of MFA: {error}. Download it again.") from error
    phones = meta.get("phones", []) if isinstance(meta, dict) else []
    return frozenset(phone for phone in phones if isinstance(phone, str))


def _meta(path: Path) -> Any:
    """The model's description; empty where it has none in JSON, as old models do."""
    if path.is_dir():
        file = path / "meta.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == "meta.json"]
        return json.loads(archive.read(names[0])) if names else {}
