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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pase.audio.waveform import SAMPLE_RATE
from pase.corpus import codec
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, Clip, ClipRecord
from pase.corpus.shards import Extent, check_clip_id, pack, read_extent, unpack
from pase.errors import InputError
from pase.files import atomic_path, make_folder, read_json, write_json, write_text
from pase.phonemes.intervals import PhoneTrack

FORMAT_VERSION = 1
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
        settings = _read_settings(folder)
        manifest = folder / "manifest.jsonl"
        records: list[ClipRecord] = []
        extents: dict[str, Extent] = {}
        try:
            with manifest.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    record, extent = _parse_row(line, f"{manifest}, line {number}")
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
        path = self.folder / "shards" / record.shard
        try:
            if record.clip_id not in self._extents:
                raise InputError("the manifest does not name it")
            encoded = EncodedClip.unpack(record.clip_id, read_extent(path, self._extents[record.clip_id]))
            clip = Clip(
                record,
                codec.decode_sound(encoded.flac),
                codec.decode_lips(encoded.mp4),
                codec.decode_points(encoded.points),
            )
            _check_shapes(clip)
        except InputError as error:
            raise InputError(
                f"{path}: clip {record.clip_id}: {error}. Copy the shard again, or run `pase prepare` again."
            ) from error
        return clip

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
    (folder / "corpus.json").unlink(missing_ok=True)
    shards = make_folder(folder / "shards")
    rows: list[str] = []
    names: set[str] = set()
    block = bytearray()
    last = ""
    for clip in clips:
        clip_id = clip.record.clip_id
        if clip_id <= last:
            raise InputError(f"clip {clip_id!r} comes after {last!r}: clip ids must be unique and sorted")
        name = f"{len(names):06d}.tar"
        packed = replace(clip, record=replace(clip.record, shard=name)).pack()
        if block and len(block) + len(packed) + len(_TAR_END) > shard_bytes:
            names.add(_write_shard(shards / name, block))
            name, block = f"{len(names):06d}.tar", bytearray()
            packed = replace(clip, record=replace(clip.record, shard=name)).pack()
        record = replace(clip.record, shard=name)
        row = {**record_to_json(record), "offset": len(block), "size": len(packed)}
        rows.append(json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n")
        block += packed
        last = clip_id
    if block:
        names.add(_write_shard(shards / f"{len(names):06d}.tar", block))
    for stale in shards.glob("*.tar"):
        if stale.name not in names:
            stale.unlink()
    write_text(folder / "manifest.jsonl", "".join(rows))
    write_json(folder / "corpus.json", {**_header(), "recipe": recipe, "settings": dict(settings or {})})
    return Corpus.open(folder)


def record_to_json(record: ClipRecord) -> dict[str, Any]:
    """A record as JSON values; every attribute by its name."""
    return {
        "clip_id": record.clip_id,
        "speaker": record.speaker,
        "split": record.split,
        "frames": record.frames,
        "samples": record.samples,
        "text": record.text,
        "phones": None if record.phones is None else record.phones.to_json(),
        "shard": record.shard,
        "source": record.source,
    }


def record_from_json(row: Mapping[str, Any]) -> ClipRecord:
    """Inverse of `record_to_json`; further keys are ignored.

    Raises:
        InputError: A key is absent or a value is not allowed.
    """
    try:
        return ClipRecord(
            clip_id=check_clip_id(str(row["clip_id"])),
            speaker=str(row["speaker"]),
            split=str(row["split"]),
            frames=int(row["frames"]),
            samples=int(row["samples"]),
            text=str(row["text"]),
            phones=None if row["phones"] is None else PhoneTrack.from_json(row["phones"]),
            shard=_check_shard_name(str(row["shard"])),
            source=str(row["source"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a clip record: {type(error).__name__} {error}") from error


def _check_shard_name(name: str) -> str:
    if "/" in name or "\\" in name or name in (".", ".."):
        raise InputError(f"the shard {name!r} does not lie directly below shards/")
    return name


def _check_shapes(clip: Clip) -> None:
    record = clip.record
    expected = {
        "waveform": (record.samples,),
        "lips": (record.frames, CROP_SIZE, CROP_SIZE, 3),
        "lip_points": (record.frames, 40, 2),
    }
    for name, shape in expected.items():
        found = getattr(clip, name).shape
        if found != shape:
            raise InputError(f"{name} of clip {record.clip_id} has the shape {found}, its record says {shape}")


def _header() -> dict[str, Any]:
    return {
        "format": "pase-corpus",
        "format_version": FORMAT_VERSION,
        "frame_rate": FRAME_RATE,
        "sample_rate": SAMPLE_RATE,
        "crop_size": CROP_SIZE,
    }


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / "corpus.json"
    if not path.is_file():
        raise InputError(
            f"{folder} is not a prepared corpus: there is no corpus.json. "
            "Name the output folder of a finished `pase prepare`."
        )
    settings = read_json(path)
    if not isinstance(settings, dict) or settings.get("format") != "pase-corpus":
        raise InputError(f"{path} does not describe a prepared corpus")
    for key, value in _header().items():
        if settings.get(key) != value:
            raise InputError(
                f"{path}: {key} is {settings.get(key)!r}, this version of PASE reads {value!r}. "
                "Prepare the corpus again with this version, or install the version that made it."
            )
    return settings


def _parse_row(line: str, where: str) -> tuple[ClipRecord, Extent]:
    try:
        row = json.loads(line)
        return record_from_json(row), Extent(int(row["offset"]), int(row["size"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: not a manifest row: {error}") from error
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _write_shard(path: Path, block: bytearray) -> str:
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(block) + _TAR_END)
    return path.name
