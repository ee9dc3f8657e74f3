"""Where a corpus is written to: a local folder, or an address that fsspec knows."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pase.corpus.remote import RemoteFolder, is_address
from pase.extras import require
from pase.files import atomic_path


class Target(Protocol):
    """A place for the files of a corpus, by their names below it. Files appear whole or not at all."""

    def new_file(self, name: str) -> AbstractContextManager[Path]:
        """A local file to fill, which takes its place when the context ends without an error."""

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder."""


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A folder on this machine."""

    folder: Path

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """See `Target`."""
        with atomic_path(self.folder / name) as temporary:
            yield temporary

    def remove(self, name: str) -> None:
        """See `Target`."""
        (self.folder / name).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        """See `Target`."""
        return sorted(path.name for path in (self.folder / folder).glob("*") if path.is_file())


def target_at(location: Path | str) -> Target:
    """The place for a folder, or for an address such as ``s3://bucket/corpus``."""
    if not is_address(location):
        return LocalTarget(Path(location))
    address = str(location)
    if address.startswith("file://"):
        return LocalTarget(Path(require("fsspec").url_to_fs(address)[1]))
    return RemoteFolder(address)
