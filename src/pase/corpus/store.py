"""A prepared corpus on disk: writing it, and reading it clip by clip.

=================  =====================================================================================
``corpus.json``    format version, frame rate, sample rate, crop size, recipe, settings; written last, so that a
                   folder without it is unfinished
``manifest.jsonl`` one clip a line, sorted by clip id: its record, and its place in the shard
``shards/*.tar``   the clips' sound, lip crops and lip points, see `pase.corpus.shards`
=================  =====================================================================================
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pase.corpus import codec
from pase.corpus.clip import CROP_SIZE, LIP_POINTS, Clip, ClipRecord
from pase.corpus.manifest import corpus_header, parse_row, read_settings, record_from_json, record_to_json, row_of
from pase.corpus.shards import Extent, check_clip_id, pack, read_extent, unpack
from pase.errors import InputError
from pase.files import atomic_path, make_folder, write_json, write_text

SHARD_BYTES = 256 * 2**20
"""A shard is closed before it grows beyond this."""

_TAR_END = b"\0" * 1024


@dataclass(frozen=True, slots=True)
class EncodedClip:
    """A clip ready for a shard: its record (the shard's name still open) and the content of its media members."""

    record: ClipRecord
    flac: bytes
    mp4: bytes
    points: bytes

    @classmethod
    def encode(cls, clip: Clip) -> "EncodedClip":
        """Compress a clip.

        Raises:
            InputError: Shapes do not agree with the record, or the clip id cannot be stored.
        """
        _check_shapes(clip)
        check_clip_id(clip.record.clip_id)
        return cls(
            clip.record,
            codec.encode_sound(clip.waveform),
            codec.encode_lips(clip.lips),
            codec.encode_points(clip.lip_points),
        )

    def decode(self) -> Clip:
        """Decompress the clip.

        Raises:
            InputError: A member is damaged, or of another length than the record says.
        """
        clip = Clip(
            self.record, codec.decode_sound(self.flac), codec.decode_lips(self.mp4), codec.decode_points(self.points)
        )
        _check_shapes(clip)
        return clip

    def pack(self) -> bytes:
        """The clip's part of a shard."""
        text = json.dumps(record_to_json(self.record), sort_keys=True, ensure_ascii=False)
        members = {"flac": self.flac, "mp4": self.mp4, "lips.npy": self.points, "json": text.encode()}
        return pack(self.record.clip_id, members)

    @classmethod
    def unpack(cls, clip_id: str, block: bytes) -> "EncodedClip":
        """Inverse of `pack`.

        Raises:
            InputError: The block does not hold this clip.
        """
        members = unpack(clip_id, block)
        try:
            record = record_from_json(json.loads(members["json"]))
        except ValueError as error:
            raise InputError(f"the record of {clip_id} cannot be read: {error}") from error
        return cls(record, members["flac"], members["mp4"], members["lips.npy"])


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus, opened for reading. Cheap to pickle into loader workers: they read the manifest themselves.

    Attributes:
        folder: Where it lies.
        records: All clips, sorted by clip id.
        settings: What `corpus.json` says about how it was made.
    """

    folder: Path
    records: tuple[ClipRecord, ...]
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)
    _extents: Mapping[str, Extent] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """Read the manifest.

        Raises:
            InputError: Not a prepared corpus, or made by a newer format.
        """
        folder = Path(folder).absolute()
        settings = read_settings(folder)
        manifest = folder / "manifest.jsonl"
        records: list[ClipRecord] = []
        extents: dict[str, Extent] = {}
        try:
            with manifest.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    record, extent = parse_row(line, f"{manifest}, line {number}")
                    if record.clip_id in extents:
                        raise InputError(f"{manifest}, line {number}: the clip {record.clip_id} stands there twice")
                    records.append(record)
                    extents[record.clip_id] = extent
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{manifest} cannot be read: {error}. Run `pase prepare` again.") from error
        return cls(folder, tuple(records), settings, extents)

    def __reduce__(self) -> tuple[Callable[[Path], "Corpus"], tuple[Path]]:
        return Corpus.open, (self.folder,)

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

    def _encoded(self, record: ClipRecord) -> EncodedClip:
        if record.clip_id not in self._extents:
            raise InputError("the manifest does not name it")
        block = read_extent(self._shard(record), self._extents[record.clip_id])
        return replace(EncodedClip.unpack(record.clip_id, block), record=record)

    def _shard(self, record: ClipRecord) -> Path:
        return self.folder / "shards" / record.shard

    @contextmanager
    def _naming(self, record: ClipRecord) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise InputError(
                f"{self._shard(record)}: clip {record.clip_id}: {error}. "
                "Copy the shard again, or run `pase prepare` again."
            ) from error

    def __iter__(self) -> Iterator[Clip]:
        return (self.read(record) for record in self.records)


def write_corpus(
    folder: Path, clips: Sequence[Clip], recipe: str = "", settings: Mapping[str, Any] | None = None
) -> Corpus:
    """Write clips as a prepared corpus; see `write_encoded`."""
    ordered = sorted(clips, key=lambda clip: clip.record.clip_id)
    return write_encoded(folder, (EncodedClip.encode(clip) for clip in ordered), recipe, settings)


def write_encoded(
    folder: Path,
    clips: Iterable[EncodedClip],
    recipe: str = "",
    settings: Mapping[str, Any] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> Corpus:
    """Write encoded clips as a prepared corpus, one shard in memory at a time.

    Args:
        folder: The corpus; what it held before is replaced.
        clips: Sorted by clip id.
        recipe: Name of the recipe, for `corpus.json`.
        settings: How the clips were made, for `corpus.json`; JSON values.
        shard_bytes: Size that a shard stays below, unless a single clip is larger.

    Raises:
        InputError: The folder cannot be written to, or the clips are not sorted or not unique.
    """
    shards = _ShardWriter(make_folder(folder / "shards"), shard_bytes)
    (folder / "corpus.json").unlink(missing_ok=True)
    last = ""
    for clip in clips:
        clip_id = clip.record.clip_id
        if clip_id <= last:
            raise InputError(f"clip {clip_id!r} comes after {last!r}: clip ids must be unique and sorted")
        shards.add(clip)
        last = clip_id
    write_text(folder / "manifest.jsonl", "".join(shards.close()))
    write_json(folder / "corpus.json", {**corpus_header(), "recipe": recipe, "settings": dict(settings or {})})
    return Corpus.open(folder)


class _ShardWriter:
    """Fills one shard after the other, in memory, each written at once."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._written = 0
        self._block = bytearray()
        self._rows: list[str] = []

    def add(self, clip: EncodedClip) -> None:
        part = self._named(clip).pack()
        if self._block and len(self._block) + len(part) + len(_TAR_END) > self._limit:
            self._flush()
            part = self._named(clip).pack()
        self._rows.append(row_of(self._named(clip).record, Extent(len(self._block), len(part))))
        self._block += part

    def close(self) -> list[str]:
        """Write the last shard, remove those of an earlier corpus; returns the lines of the manifest."""
        if self._block:
            self._flush()
        for stale in self._folder.glob("*.tar"):
            if stale.name >= self._name:
                stale.unlink()
        return self._rows

    @property
    def _name(self) -> str:
        return f"{self._written:06d}.tar"

    def _named(self, clip: EncodedClip) -> EncodedClip:
        return replace(clip, record=replace(clip.record, shard=self._name))

    def _flush(self) -> None:
        with atomic_path(self._folder / self._name) as temporary:
            temporary.write_bytes(self._block + _TAR_END)
        self._written += 1
        self._block = bytearray()


def _check_shapes(clip: Clip) -> None:
    record = clip.record
    expected = {
        "waveform": (record.samples,),
        "lips": (record.frames, CROP_SIZE, CROP_SIZE, 3),
        "lip_points": (record.frames, LIP_POINTS, 2),
    }
    for name, shape in expected.items():
        found = getattr(clip, name).shape
        if found != shape:
            raise InputError(f"{name} of clip {record.clip_id} has the shape {found}, its record says {shape}")
