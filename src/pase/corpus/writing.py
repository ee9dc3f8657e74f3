"""Writing a prepared corpus, shard by shard.

`plan_shards` says which clips go into which shard. Each shard is then written by itself, in any order and in any
process, by `write_shard`; `write_manifest` joins what they return and completes the corpus.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pase.corpus.encoded import EncodedClip
from pase.corpus.manifest import corpus_header, row_of
from pase.corpus.shards import TAR_END, Extent, check_shard_name
from pase.corpus.target import target_at
from pase.errors import InputError

SHARD_BYTES = 256 * 2**20
"""A shard is closed before the media of its clips grow beyond this; records and tar headers add some 2 %."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Which clips a shard is to hold, in their order."""

    name: str
    clip_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClipPart:
    """A clip that waits in a file for its shard.

    Attributes:
        clip_id: The clip.
        path: File that holds what `EncodedClip.pack` gave.
        split: Split that the clip goes into, whatever its record says.
    """

    clip_id: str
    path: Path
    split: str

    def load(self) -> EncodedClip:
        """Read the file.

        Raises:
            InputError: It is absent or damaged.
        """
        try:
            encoded = EncodedClip.unpack(self.clip_id, self.path.read_bytes())
        except (OSError, InputError) as error:
            raise InputError(
                f"{self.path} cannot be used ({error}). Delete it and run `pase prepare` again."
            ) from error
        return replace(encoded, record=replace(encoded.record, split=self.split))


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """What a shard holds.

    Attributes:
        name: Its file name below ``shards/``.
        sha256: Digest of its bytes, in hex.
        clip_ids: Its clips in their order.
        rows: Their lines of the manifest.
    """

    name: str
    sha256: str
    clip_ids: tuple[str, ...]
    rows: tuple[str, ...]


def plan_shards(sizes: Iterable[tuple[str, int]], shard_bytes: int = SHARD_BYTES) -> Iterator[ShardPlan]:
    """Divide clips into shards; equal input gives equal plans.

    Args:
        sizes: Clip id and `EncodedClip.media_bytes` of every clip, sorted by clip id.
        shard_bytes: What the media of a shard stay below, unless a single clip is larger.

    Raises:
        InputError: The clips are not sorted or not unique.
    """
    groups = group_by_size(sizes, lambda item: item[1], shard_bytes)
    last = ""
    for number, group in enumerate(groups):
        clip_ids = tuple(clip_id for clip_id, _ in group)
        last = _check_order(clip_ids, last)
        yield ShardPlan(shard_name(number), clip_ids)


def shard_name(number: int) -> str:
    """File name of a shard: ``000000.tar``, ``000001.tar``, ..."""
    return f"{number:06d}.tar"


def group_by_size(items: Iterable[T], size: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Cut a sequence into runs whose sizes add up to at most `limit`, or which have one item."""
    group: list[T] = []
    total = 0
    for item in items:
        if group and total + size(item) > limit:
            yield group
            group, total = [], 0
        group.append(item)
        total += size(item)
    if group:
        yield group


def write_shard(target: Path | str, name: str, parts: Iterable[EncodedClip | ClipPart]) -> WrittenShard:
    """Write one shard, one clip in memory at a time; it appears whole or not at all.

    The corpus becomes unfinished by it: ``corpus.json`` is removed, and `write_manifest` has to follow.

    Args:
        target: Folder or address of the corpus.
        name: From the plan.
        parts: The clips of the plan in its order.

    Raises:
        InputError: A part is damaged, the clips are not in order, or the target cannot be written to.
    """
    check_shard_name(name)
    place = target_at(target)
    place.remove("corpus.json")
    digest = hashlib.sha256()
    clip_ids: list[str] = []
    rows: list[str] = []
    offset = 0
    with place.new_file(f"shards/{name}") as path, path.open("wb") as file:
        for part in parts:
            clip = part.load() if isinstance(part, ClipPart) else part
            record = replace(clip.record, shard=name)
            block = replace(clip, record=record).pack()
            file.write(block)
            digest.update(block)
            clip_ids.append(record.clip_id)
            rows.append(row_of(record, Extent(offset, len(block))))
            offset += len(block)
        _check_order(clip_ids)
        file.write(TAR_END)
        digest.update(TAR_END)
    return WrittenShard(name, digest.hexdigest(), tuple(clip_ids), tuple(rows))


def write_manifest(
    target: Path | str, shards: Iterable[WrittenShard], recipe: str = "", settings: Mapping[str, Any] | None = None
) -> None:
    """Complete a corpus whose shards are written: the manifest, then ``corpus.json``; other shards are removed.

    Args:
        target: Folder or address of the corpus.
        shards: What `write_shard` returned, in the order of the plan; taken one after another.
        recipe: Name of the recipe, for ``corpus.json``.
        settings: How the clips were made, for ``corpus.json``; JSON values.

    Raises:
        InputError: Shards are not in order, or the target cannot be written to.
    """
    place = target_at(target)
    place.remove("corpus.json")
    content, manifest = hashlib.sha256(), hashlib.sha256()
    names: set[str] = set()
    last = ""
    with place.new_file("manifest.jsonl") as path, path.open("wb") as file:
        for shard in shards:
            last = _check_order(shard.clip_ids, last)
            lines = "".join(shard.rows).encode()
            file.write(lines)
            manifest.update(lines)
            content.update(f"{shard.name} {shard.sha256}\n".encode())
            names.add(shard.name)
    header = {
        **corpus_header(),
        "recipe": recipe,
        "settings": dict(settings or {}),
        # By these a reader knows whether what it keeps of a remote corpus is still good.
        "manifest_sha256": manifest.hexdigest(),
        "shards_sha256": content.hexdigest(),
    }
    with place.new_file("corpus.json") as path:
        path.write_text(json.dumps(header, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in place.names("shards"):
        if name.endswith(".tar") and name not in names:
            place.remove(f"shards/{name}")


def _check_order(clip_ids: Iterable[str], last: str = "") -> str:
    """The last of some clip ids, all of which must come after `last` and after each other."""
    for clip_id in clip_ids:
        if clip_id <= last:
            raise InputError(f"clip {clip_id!r} comes after {last!r}: clip ids must be unique and sorted")
        last = clip_id
    return last
