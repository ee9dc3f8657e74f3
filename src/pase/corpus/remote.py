"""Files of a corpus at an address that fsspec knows: ``s3://``, ``gs://``, ``https://``, ``memory://`` ...

Credentials and endpoints are those of fsspec and of the store's own package: environment variables such as
``AWS_PROFILE`` and ``AWS_ENDPOINT_URL``, and the files of ``~/.config/fsspec``.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pase.corpus.shards import Extent
from pase.errors import InputError, MissingExtraError
from pase.extras import require

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait before each further attempt at something that failed."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
_LASTING = (FileNotFoundError, PermissionError, ValueError, TypeError, NotImplementedError)
_TEMPORARY_STATUS = (408, 429)  # of the 4xx answers of HTTP: too slow, too many

T = TypeVar("T")


def is_address(location: Path | str) -> bool:
    """Whether a location is an address rather than a local path."""
    return isinstance(location, str) and _ADDRESS.match(location) is not None


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder at an address; small and without a connection, so that it goes to any process.

    Every method tries again after trouble that may pass, and raises `InputError` that names the file when it does not.
    """

    address: str

    def __str__(self) -> str:
        return self.address.rstrip("/")

    def read(self, name: str) -> bytes:
        """Read a whole file.

        Raises:
            InputError: It does not exist or cannot be read.
            MissingExtraError: The package for this kind of address is not installed.
        """
        return self._attempt(name, "read", lambda files, path: bytes(files.cat_file(path)))

    def read_extent(self, name: str, extent: Extent) -> bytes:
        """Read a part of a file.

        Raises:
            InputError: It cannot be read, or the answer has another length.
            MissingExtraError: The package for this kind of address is not installed.
        """
        end = extent.offset + extent.size

        def read(files: Any, path: str) -> bytes:
            block = bytes(files.cat_file(path, start=extent.offset, end=end))
            if len(block) != extent.size:
                raise OSError(
                    f"{len(block)} bytes came where bytes {extent.offset} to {end} were asked for; either it is "
                    "shorter, or the server does not know range requests"
                )
            return block

        return self._attempt(name, "read", read)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """A local file to fill; it is sent in one piece when the context ends without an error.

        Raises:
            InputError: It cannot be written.
            MissingExtraError: The package for this kind of address is not installed.
        """
        with tempfile.TemporaryDirectory(prefix="pase-") as folder:
            path = Path(folder) / PurePosixPath(name).name
            yield path
            self._attempt(name, "write", lambda files, there: files.put_file(str(path), there))

    def remove(self, name: str) -> None:
        """Remove a file if it is there.

        Raises:
            InputError: It cannot be removed.
        """

        def remove(files: Any, path: str) -> None:
            with suppress(FileNotFoundError):
                files.rm_file(path)

        self._attempt(name, "remove", remove)

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder.

        Raises:
            InputError: It cannot be listed.
        """

        def listing(files: Any, path: str) -> list[str]:
            files.invalidate_cache()
            return sorted(PurePosixPath(entry).name for entry in files.ls(path, detail=False))

        return self._attempt(folder, "list", listing)

    def _attempt(self, name: str, verb: str, operation: Callable[[Any, str], T]) -> T:
        url_to_fs = require("fsspec").url_to_fs
        pauses = iter(PAUSES)
        while True:
            try:
                # Asked for each time: fsspec keeps one per process, and connections do not survive a fork.
                files, root = url_to_fs(str(self))
                return operation(files, f"{root}/{name}")
            except ImportError as error:
                raise MissingExtraError(f"{self} cannot be reached: {error}: pip install 'pase-av[remote]'") from error
            except Exception as error:
                # Every kind of store has errors of its own. What waiting cannot mend is told at once.
                pause = next(pauses, None)
                if pause is None or _lasts(error):
                    raise InputError(_trouble(f"{self}/{name}", verb, error)) from error
                time.sleep(pause)


def _lasts(error: Exception) -> bool:
    """Whether an error will be the same at the next attempt."""
    status = getattr(error, "status", None)  # of HTTP
    refused = isinstance(status, int) and 400 <= status < 500 and status not in _TEMPORARY_STATUS
    return refused or isinstance(error, _LASTING)


def _trouble(file: str, verb: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{file} does not exist. Check the address"
    return (
        f"{file}: cannot {verb}: {type(error).__name__} {error}. "
        "Check the address, the credentials and the connection, and that this kind of store can do it"
    )
