"""Where a preparation keeps what it has finished, so that it can be killed and go on.

``OUT/work/STAGE/NAME.json`` is a stage's record of one video, written last; files that belong to it lie beside it.
``OUT/work/outcomes/NAME.json`` is what became of a video in the end. The folder may be deleted once the corpus is
complete.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pase.errors import InputError
from pase.files import atomic_path, read_json, write_json


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """Access to the work folder; small, for it is sent to worker processes.

    Attributes:
        folder: Where it lies; shared by all nodes where there are several.
    """

    folder: Path

    def path(self, stage: str, file: str) -> Path:
        """Where a stage's file lies."""
        return self.folder / stage / file

    def read_json(self, stage: str, name: str) -> Any:
        """A record; None where there is none, or one that a crash of the machine has damaged."""
        path = self.path(stage, f"{name}.json")
        if not path.is_file():
            return None
        try:
            return read_json(path)
        except InputError:
            return None

    def write_json(self, stage: str, name: str, value: Any) -> None:
        """Write a record."""
        write_json(self.path(stage, f"{name}.json"), value)

    def has(self, stage: str, file: str, size: int) -> bool:
        """Whether a stage's file is there with so many bytes."""
        try:
            return self.path(stage, file).stat().st_size == size
        except OSError:
            return False

    def remove_json(self, stage: str, name: str) -> None:
        """Remove a record if it is there."""
        self.path(stage, f"{name}.json").unlink(missing_ok=True)

    def read_bytes(self, stage: str, file: str) -> bytes:
        """The content of a stage's file.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = self.path(stage, file)
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror}). Run again with `--redo {stage}` to make it anew."
            ) from error

    def write_bytes(self, stage: str, file: str, data: bytes) -> None:
        """Write a stage's file."""
        with atomic_path(self.path(stage, file)) as temporary:
            temporary.write_bytes(data)
