"""Checkpoints of a run on disk: whole or not at all, the one before kept, read without running code."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from pase.errors import InputError, PaseError
from pase.files import atomic_path
from pase.torch_file import check_finite, read_torch_file

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


class CheckpointFileError(PaseError):
    """A checkpoint could not be written."""


class CheckpointFiles(TorchCheckpointIO):
    """How a run's checkpoints are written and read; those at addresses (``s3://...``) as Lightning does it.

    A new ``last.ckpt`` leaves the one before as ``previous.ckpt``, which is taken where the last one turns out to be
    damaged.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            CheckpointFileError: It cannot be written, for instance because the disk is full; what was there stays.
        """
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        target = Path(path)
        try:
            content = io.BytesIO()  # torch's own writing does not tell why it fails
            torch.save(checkpoint, content)
            with atomic_path(target) as draft:
                draft.write_bytes(content.getbuffer())
                if target.name == LAST and target.is_file():
                    _keep(target)
        except (OSError, PaseError) as error:
            whole = max(target.parent.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns, default=None)
            kept = "" if whole is None else f". The newest whole one is {whole}: make room and go on from it"
            raise CheckpointFileError(f"the checkpoint {target} could not be written: {error}{kept}") from error

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint, or the one before if it is damaged, which is told.

        Raises:
            InputError: There is none, or none can be read without running code.
        """
        if "://" in str(path):
            return super().load_checkpoint(path, map_location, weights_only=True)
        target = Path(path)
        try:
            return _read(target, map_location)
        except InputError as error:
            earlier = target.with_name(PREVIOUS)
            if target.name != LAST or not earlier.is_file():
                raise
            content = _read(earlier, map_location)
            warnings.warn(f"{error}. The run goes on from {earlier}, step {content.get('global_step')}.", stacklevel=2)
            return content


def _keep(last: Path) -> None:
    """Let the last checkpoint be the previous one, too: under both names until the new one takes its place."""
    link = last.with_name(f".{PREVIOUS}.{os.getpid()}")
    link.unlink(missing_ok=True)
    os.link(last, link)
    link.replace(last.with_name(PREVIOUS))


def _read(path: Path, map_location: Any) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"there is no checkpoint {path}")
    content = read_torch_file(path, map_location)
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        raise InputError(f"{path} is no checkpoint of a run: it has no weights")
    check_finite(content["state_dict"], path)
    check_finite(content.get("optimizer_states"), path)
    return content
