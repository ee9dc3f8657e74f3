"""A prepared corpus: opening it, and reading it clip by clip.

=================  =====================================================================================
``corpus.json``    format version, frame rate, sample rate, crop size, recipe, settings; written last, so that a
                   folder without it is unfinished
``manifest.jsonl`` one clip a line, sorted by clip id: its record, and its place in the shard
``shards/*.tar``   the clips' sound, lip crops and lip points, as far as they have them, see `pase.corpus.shards`
=================  =====================================================================================
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from pase.corpus.access import Access, access_to
from pase.corpus.cache import CacheConfig
from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.encoded import EncodedClip, check_length
from pase.corpus.manifest import parse_row
from pase.corpus.remote import is_address
from pase.corpus.shards import Extent, check_shard_name
from pase.corpus.writing import SHARD_BYTES, group_by_size, shard_name, write_manifest, write_shard
from pase.errors import InputError

_LONGEST_ROW = 2**24  # characters; an hour of phones takes a tenth of it


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus, opened for reading. Cheap to pickle into loader workers: they read the manifest themselves.

    Attributes:
        folder: The folder, or the address as a string.
        records: All clips, sorted by clip id.
        settings: What `corpus.json` says about how it was made.
        cache: Where clips of a corpus at an address are kept; None as the environment says.
    """

    folder: Path | str
    records: tuple[ClipRecord, ...]
    settings: Mapping[str, Any] = field(compare=False)
    cache: CacheConfig | None = field(compare=False)
    _extents: Mapping[str, Extent] = field(repr=False, compare=False)
    _access: Access = field(repr=False, compare=False)

    @classmethod
    def open(cls, location: Path | str, cache: CacheConfig | None = None) -> "Corpus":
        """Read the manifest.

        Args:
            location: Folder of the corpus, or an address that fsspec knows, such as ``s3://bucket/corpus``.
            cache: Where clips of a corpus at an address are kept; by default `CacheConfig.from_environment`.

        Raises:
            InputError: Not a prepared corpus, damaged, or made by a newer format.
            MissingExtraError: The package for this kind of address is not installed.
        """
        folder = location if is_address(location) else Path(location).absolute()
        access = access_to(folder, cache)
        settings = access.settings()
        manifest = access.place("manifest.jsonl")
        extents: dict[str, Extent] = {}
        records: list[ClipRecord] = []
        try:
            with access.manifest(settings) as lines:
                for number, line in enumerate(iter(partial(lines.readline, _LONGEST_ROW + 1), ""), start=1):
                    where = f"{manifest}, line {number}"
                    if len(line) > _LONGEST_ROW:
                        raise InputError(f"{where} is longer than {_LONGEST_ROW} characters, which no clip's record is")
                    record, extent = _parse(line, where)
                    if record.clip_id in extents:
                        raise InputError(f"{where}: the clip {record.clip_id} stands there twice")
                    records.append(record)
                    extents[record.clip_id] = extent
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{manifest} cannot be read: {error}. Run `pase prepare` again.") from error
        _check_apart(records, extents, manifest)
        return cls(folder, tuple(records), settings, cache, extents, access)

    def __reduce__(self) -> tuple[Callable[..., "Corpus"], tuple[Path | str, CacheConfig | None]]:
        return Corpus.open, (self.folder, self.cache)

    def split(self, name: str) -> tuple[ClipRecord, ...]:
        """The records of one split, in the manifest's order."""
        return tuple(record for record in self.records if record.split == name)

    def read(self, record: ClipRecord) -> Clip:
        """Decode one clip from its shard.

        Raises:
            InputError: The shard is missing, damaged, or does not hold the clip as the manifest says.
        """
        with self._naming(record):
            return self._encoded(record).decode()

    def encoded(self, record: ClipRecord) -> EncodedClip:
        """One clip from its shard with its members still encoded, for those who decode a part of them.

        Raises:
            InputError: The shard is missing, damaged, or does not hold the clip as the manifest says.
        """
        with self._naming(record):
            return self._encoded(record)

    def __iter__(self) -> Iterator[Clip]:
        return (self.read(record) for record in self.records)

    def _encoded(self, record: ClipRecord) -> EncodedClip:
        if record.clip_id not in self._extents:
            raise InputError("the manifest does not name it")
        extent = self._extents[record.clip_id]
        block = self._access.read_extent(record.shard, extent)
        try:
            encoded = EncodedClip.unpack(record.clip_id, block)
        except InputError:
            if not self._access.forget(record.shard, extent):
                raise
            encoded = EncodedClip.unpack(record.clip_id, self._access.read_extent(record.shard, extent))
        return replace(encoded, record=record)

    @contextmanager
    def _naming(self, record: ClipRecord) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise InputError(
                f"{self._access.place(f'shards/{record.shard}')}: clip {record.clip_id}: {error}. "
                "Copy the shard again, or run `pase prepare` again."
            ) from error


def write_corpus(
    folder: Path | str, clips: Sequence[Clip], recipe: str = "", settings: Mapping[str, Any] | None = None
) -> Corpus:
    """Write clips as a prepared corpus; see `write_encoded`."""
    ordered = sorted(clips, key=lambda clip: clip.record.clip_id)
    return write_encoded(folder, (EncodedClip.encode(clip) for clip in ordered), recipe, settings)


def write_encoded(
    folder: Path | str,
    clips: Iterable[EncodedClip],
    recipe: str = "",
    settings: Mapping[str, Any] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> Corpus:
    """Write encoded clips as a prepared corpus, one shard in memory at a time.

    Args:
        folder: Folder or address of the corpus; what it held before is replaced.
        clips: Sorted by clip id.
        recipe: Name of the recipe, for `corpus.json`.
        settings: How the clips were made, for `corpus.json`; JSON values.
        shard_bytes: See `pase.corpus.writing.plan_shards`.

    Raises:
        InputError: The folder cannot be written to, or the clips are not sorted or not unique.
    """
    groups = group_by_size(clips, lambda clip: clip.media_bytes, shard_bytes)
    shards = (write_shard(folder, shard_name(number), group) for number, group in enumerate(groups))
    write_manifest(folder, shards, recipe, settings)
    return Corpus.open(folder)


def _parse(line: str, where: str) -> tuple[ClipRecord, Extent]:
    record, extent = parse_row(line, where)
    try:
        check_length(record)
        check_shard_name(record.shard)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    return record, extent


def _check_apart(records: Iterable[ClipRecord], extents: Mapping[str, Extent], manifest: str) -> None:
    """Refuse a manifest by which two clips share bytes of a shard."""
    shards: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for record in records:
        extent = extents[record.clip_id]
        shards[record.shard].append((extent.offset, extent.offset + extent.size, record.clip_id))
    for shard, places in shards.items():
        places.sort()
        for (_, end, before), (start, _, after) in pairwise(places):
            if start < end:
                raise InputError(f"{manifest}: the clips {before} and {after} overlap in {shard}")
