"""Reading the files of a corpus, in a local folder or at an address."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from pase.corpus.cache import Cache, CacheConfig
from pase.corpus.manifest import check_settings, read_settings
from pase.corpus.remote import RemoteFolder, is_address
from pase.corpus.shards import Extent
from pase.errors import InputError

_MANIFEST = "manifest.jsonl"


class Access(Protocol):
    """Where a corpus is read from."""

    def settings(self) -> dict[str, Any]:
        """What `corpus.json` says; see `pase.corpus.manifest.read_settings`."""

    def manifest(self, settings: Mapping[str, Any]) -> TextIO:
        """The manifest, opened for reading."""

    def read_extent(self, shard: str, extent: Extent) -> bytes:
        """A clip's part of a shard."""

    def forget(self, shard: str, extent: Extent) -> bool:
        """Drop what is kept of a part that turned out to be damaged; whether reading it again may help."""

    def place(self, name: str) -> str:
        """Where a file lies, for messages."""


@dataclass(frozen=True, slots=True)
class LocalAccess:
    """A folder on this machine."""

    folder: Path

    def settings(self) -> dict[str, Any]:
        """See `Access`."""
        return read_settings(self.folder)

    def manifest(self, settings: Mapping[str, Any]) -> TextIO:
        """See `Access`."""
        return (self.folder / _MANIFEST).open(encoding="utf-8")

    def read_extent(self, shard: str, extent: Extent) -> bytes:
        """See `Access`.

        The file is opened for each call: no handle is shared between processes, and it costs far less than decoding.

        Raises:
            InputError: The shard is missing, or shorter than the extent.
        """
        try:
            with (self.folder / "shards" / shard).open("rb") as file:
                file.seek(extent.offset)
                block = file.read(extent.size)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}") from error
        end = extent.offset + len(block)
        if len(block) != extent.size:
            raise InputError(f"it ends after {end} bytes, {extent.offset + extent.size} are needed")
        return block

    def forget(self, shard: str, extent: Extent) -> bool:
        """See `Access`."""
        return False

    def place(self, name: str) -> str:
        """See `Access`."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """An address that fsspec knows; clips are kept in a cache.

    Attributes:
        files: The corpus.
        cache: Shared with other corpora, processes and jobs.
        version: Digest of `corpus.json`, so that nothing is kept of a corpus that was written anew.
    """

    files: RemoteFolder
    cache: Cache
    version: str
    _settings: Mapping[str, Any]

    @classmethod
    def open(cls, address: str, cache: CacheConfig) -> "RemoteAccess":
        """Fetch `corpus.json`.

        Raises:
            InputError: It cannot be fetched, or does not describe a corpus of this format.
        """
        files = RemoteFolder(address)
        header = files.read("corpus.json")
        version = hashlib.sha256(f"{files}\0".encode() + header).hexdigest()
        return cls(files, Cache(cache), version, _settings(files, header))

    def settings(self) -> dict[str, Any]:
        """See `Access`."""
        return dict(self._settings)

    def manifest(self, settings: Mapping[str, Any]) -> TextIO:
        """See `Access`.

        Raises:
            InputError: It cannot be fetched, or is not the one that `corpus.json` was written with.
        """
        name = f"{self.version}/{_MANIFEST}"
        data = self.cache.get(name)
        if data is None:
            data = self.files.read(_MANIFEST)
            if hashlib.sha256(data).hexdigest() != settings.get("manifest_sha256"):
                raise InputError(
                    f"{self.place(_MANIFEST)} is not the one that corpus.json was written with: the corpus is being "
                    "written, was copied in part, or its manifest was changed. Write or copy all of it again"
                )
            self.cache.put(name, data)
        return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")

    def read_extent(self, shard: str, extent: Extent) -> bytes:
        """See `Access`; from the cache where it is kept."""
        name = self._name(shard, extent)
        block = self.cache.get(name)
        if block is None:
            block = self.files.read_extent(f"shards/{shard}", extent)
            self.cache.put(name, block)
        return block

    def forget(self, shard: str, extent: Extent) -> bool:
        """See `Access`."""
        self.cache.drop(self._name(shard, extent))
        return True

    def place(self, name: str) -> str:
        """See `Access`."""
        return f"{self.files}/{name}"

    def _name(self, shard: str, extent: Extent) -> str:
        return f"{self.version}/{shard}/{extent.offset}-{extent.size}"


def access_to(location: Path | str, cache: CacheConfig | None) -> Access:
    """Access to a folder, or to an address; without `cache` as the environment says."""
    if is_address(location):
        return RemoteAccess.open(str(location), cache or CacheConfig.from_environment())
    return LocalAccess(Path(location))


def _settings(files: RemoteFolder, header: bytes) -> dict[str, Any]:
    where = f"{files}/corpus.json"
    try:
        return check_settings(json.loads(header), where)
    except ValueError as error:
        raise InputError(f"{where} cannot be read as JSON: {error}") from error
