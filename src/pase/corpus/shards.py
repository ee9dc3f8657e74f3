"""Shards: plain tar files that hold the members of many clips, readable by webdataset and by byte offset.

The members of a clip lie beside each other as ``<clip_id>.flac``, ``<clip_id>.mp4``, ``<clip_id>.lips.npy`` and
``<clip_id>.json``. Owner, mode and time are fixed, so equal clips give equal bytes.
"""

import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError

MEMBERS = ("flac", "mp4", "lips.npy", "json")
"""Suffixes of a clip's members, in their order in the shard."""

MAX_CLIP_BYTES = 512 * 2**20
"""A clip that claims to be larger is not read."""

_MAX_ID = 90  # the longest member name must fit the 100 bytes of a plain tar header
_ID = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a clip's members lie in a shard, tar headers included, in bytes."""

    offset: int
    size: int


def check_clip_id(clip_id: str) -> str:
    """Refuse identifiers that no shard can hold.

    webdataset ends a sample's name at the first dot, so dots are not allowed.

    Raises:
        InputError: Naming the identifier and the rule.
    """
    if len(clip_id) > _MAX_ID or not _ID.fullmatch(clip_id):
        raise InputError(
            f"clip id {clip_id!r}: at most {_MAX_ID} letters, digits, '_' and '-' are allowed, with '/' between parts"
        )
    return clip_id


def pack(clip_id: str, members: dict[str, bytes]) -> bytes:
    """Lay out a clip's members as they stand in a shard: tar headers and padded contents.

    Args:
        clip_id: Identifier of the clip.
        members: Content of every suffix of `MEMBERS`.
    """
    buffer = io.BytesIO()
    for suffix in MEMBERS:
        info = tarfile.TarInfo(f"{check_clip_id(clip_id)}.{suffix}")
        info.size = len(members[suffix])
        info.mode = 0o644
        buffer.write(info.tobuf(tarfile.USTAR_FORMAT))
        buffer.write(members[suffix])
        buffer.write(b"\0" * (-info.size % tarfile.BLOCKSIZE))
    return buffer.getvalue()


def unpack(clip_id: str, block: bytes) -> dict[str, bytes]:
    """Inverse of `pack`; nothing is written to the disk, whatever the members are called.

    Raises:
        InputError: The block is not exactly the members of the clip.
    """
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(block), mode="r:") as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isreg() else None
                data = content.read() if content is not None else None
                if data is None or len(data) != info.size:
                    raise InputError(f"member {info.name!r} is not a whole file")
                members[info.name] = data
    except (tarfile.TarError, EOFError) as error:
        raise InputError(f"not a tar file: {error}") from error
    expected = [f"{clip_id}.{suffix}" for suffix in MEMBERS]
    if list(members) != expected:
        raise InputError(f"expected the members {', '.join(expected)}, found {', '.join(members) or 'none'}")
    return {suffix: members[name] for suffix, name in zip(MEMBERS, expected, strict=True)}


def read_extent(path: Path, extent: Extent) -> bytes:
    """Read a part of a file.

    The file is opened for each call: no handle is shared between processes, and it costs far less than decoding.

    Raises:
        InputError: The file is missing, shorter than the extent, or the extent is out of all proportion.
    """
    if extent.offset < 0 or not 0 < extent.size <= MAX_CLIP_BYTES:
        raise InputError(f"{extent.size} bytes from byte {extent.offset} on cannot be a clip")
    try:
        with path.open("rb") as file:
            file.seek(extent.offset)
            block = file.read(extent.size)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if len(block) != extent.size:
        raise InputError(f"it ends after {extent.offset + len(block)} bytes, {extent.offset + extent.size} are needed")
    return block
