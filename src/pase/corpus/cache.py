"""Clips of remote corpora, kept on this machine up to a total size.

Any number of processes and training jobs may share a cache: files are complete when they appear, and removing one that
another process wants costs that process a download. Which files go is decided by when they were last used.
"""

import os
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pase.errors import InputError

CACHE_VARIABLE = "PASE_CACHE"
"""Environment variable that names the folder of the cache; without it ``$XDG_CACHE_HOME/pase`` or ``~/.cache/pase``."""

CACHE_SIZE_VARIABLE = "PASE_CACHE_SIZE"
"""Environment variable with the size of the cache in gigabytes; 0 keeps nothing."""

DEFAULT_GIGABYTES = 20.0
"""Some 150 hours of clips."""

_SUFFIX = ".kept"
_CHECKSUM_BYTES = 4
_ROOM = 0.1  # share of the cache that is made free at once when it is full
_UNCOUNTED = 0.01  # share of the cache that a process may add before it looks at the whole again


@dataclass(frozen=True, slots=True)
class CacheConfig:
    """Where clips of remote corpora are kept.

    Attributes:
        folder: The cache's own files lie in ``corpora/`` below it.
        gigabytes: Size it is kept below, up to 1 % for each process that writes to it; 0 keeps nothing.
    """

    folder: Path
    gigabytes: float = DEFAULT_GIGABYTES

    def __post_init__(self) -> None:
        if not 0 <= self.gigabytes < float("inf"):
            raise InputError(f"a cache of {self.gigabytes} gigabytes; the size must be 0 or more")

    @classmethod
    def from_environment(cls) -> "CacheConfig":
        """As `CACHE_VARIABLE` and `CACHE_SIZE_VARIABLE` say.

        Raises:
            InputError: The size is no number.
        """
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(os.environ.get(CACHE_VARIABLE) or Path(base) / "pase")
        size = os.environ.get(CACHE_SIZE_VARIABLE) or DEFAULT_GIGABYTES
        try:
            return cls(folder.absolute(), float(size))
        except ValueError as error:
            raise InputError(f"{CACHE_SIZE_VARIABLE} is {size!r}, no number of gigabytes") from error


@dataclass(slots=True)
class Cache:
    """Blocks of bytes by name."""

    config: CacheConfig
    _uncounted: float = field(default=float("inf"), init=False)  # bytes added since the folder was last measured

    @property
    def folder(self) -> Path:
        """The folder with the cache's own files; nothing else is ever removed."""
        return self.config.folder / "corpora"

    def get(self, name: str) -> bytes | None:
        """What was kept under a name; None if nothing was, or if it has changed since."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None  # never kept, or removed by another process: the same as far as the caller is concerned
        block, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        return block if checksum == _checksum(block) else None

    def put(self, name: str, block: bytes) -> None:
        """Keep a block; a cache that cannot be written to is warned of, for it only costs time."""
        limit = self.config.gigabytes * 1e9
        if not limit:
            return
        try:
            _write(self._path(name), block + _checksum(block))
        except OSError as error:
            warnings.warn(
                f"the cache {self.folder} cannot be written to ({error.strerror or error}): every clip is fetched "
                f"anew. Mend its permissions, or name another folder by {CACHE_VARIABLE}.",
                stacklevel=2,
            )
            return
        self._uncounted += len(block)
        if self._uncounted > limit * _UNCOUNTED:
            self._uncounted = 0
            self._make_room(limit)

    def drop(self, name: str) -> None:
        """Forget a block that turned out to be bad."""
        self._path(name).unlink(missing_ok=True)

    def _make_room(self, limit: float) -> None:
        files = sorted(self._files(), key=lambda entry: entry[0])
        total = sum(size for _, size, _ in files)
        if total <= limit:
            return
        for _, size, path in files:
            with suppress(OSError):  # another process was faster
                path.unlink()
            total -= size
            if total <= limit * (1 - _ROOM):
                return

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Time of last use, size and path of everything that is kept."""
        for path in self.folder.rglob(f"*{_SUFFIX}"):
            with suppress(OSError):  # another process removed it
                state = path.stat()
                yield state.st_mtime, state.st_size, path

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"


def _checksum(block: bytes) -> bytes:
    return zlib.crc32(block).to_bytes(_CHECKSUM_BYTES, "big")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not named by the process: containers that share the cache count their processes alike.
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
