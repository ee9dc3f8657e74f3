"""Shards: plain tar files that hold the members of many clips, readable by webdataset and by byte offset.

The members of a clip lie beside each other as ``<clip_id>.flac``, ``<clip_id>.mp4``, ``<clip_id>.lips.npy`` and
``<clip_id>.json``; a clip without sound lacks the first, one without lips the next two. Owner, mode and time are fixed,
so equal clips give equal bytes.
"""

import io
import re
from dataclasses import dataclass
from tarfile import BLOCKSIZE, REGTYPE, USTAR_FORMAT, TarError, TarInfo

from pase.errors import InputError

MEMBERS = ("flac", "mp4", "lips.npy", "json")
"""Suffixes of a clip's members, in their order in the shard."""

TAR_END = b"\0" * (2 * BLOCKSIZE)
"""What follows the last clip of a shard."""

MAX_CLIP_BYTES = 512 * 2**20
"""A clip that claims to be larger is not read."""

_NAME_BYTES = 100  # of a plain tar header
_MAX_ID = 90  # the longest member name must fit them
_SHARD = re.compile(r"[A-Za-z0-9_-]+\.tar")
_ID = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a clip's members lie in a shard, tar headers included, in bytes; both are whole tar blocks.

    Raises:
        InputError: It is out of all proportion.
    """

    offset: int
    size: int

    def __post_init__(self) -> None:
        blocks = self.offset % BLOCKSIZE == 0 and self.size % BLOCKSIZE == 0
        if not blocks or self.offset < 0 or not 0 < self.size <= MAX_CLIP_BYTES:
            raise InputError(f"{self.size} bytes from byte {self.offset} on cannot be a clip")


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


def check_shard_name(name: str) -> str:
    """Refuse names of shards that could lie elsewhere, or mean something else in an address.

    Raises:
        InputError: Naming the shard and the rule.
    """
    if not _SHARD.fullmatch(name):
        raise InputError(f"the shard {name!r}: a name of letters, digits, '_' and '-' that ends in .tar is expected")
    return name


def pack(clip_id: str, members: dict[str, bytes]) -> bytes:
    """Lay out a clip's members as they stand in a shard: tar headers and padded contents.

    Args:
        clip_id: Identifier of the clip.
        members: Content of those suffixes of `MEMBERS` that the clip has.
    """
    buffer = io.BytesIO()
    for suffix in MEMBERS:
        if suffix not in members:
            continue
        info = TarInfo(f"{check_clip_id(clip_id)}.{suffix}")
        info.size = len(members[suffix])
        info.mode = 0o644
        buffer.write(info.tobuf(USTAR_FORMAT))
        buffer.write(members[suffix])
        buffer.write(b"\0" * (-info.size % BLOCKSIZE))
    return buffer.getvalue()


def unpack(clip_id: str, block: bytes) -> dict[str, bytes]:
    """Inverse of `pack`; nothing is written to the disk, whatever the members are called.

    Headers are read one by one, as `pack` writes them: links, sparse files and extended headers are refused.

    Returns:
        The members that there are; which of them the clip must have, its record says.

    Raises:
        InputError: The block is not exactly members of the clip in their order.
    """
    members: dict[str, bytes] = {}
    start = 0
    for number, suffix in enumerate(MEMBERS):
        if _name_field(block, start) in [f"{clip_id}.{later}".encode() for later in MEMBERS[number + 1 :]]:
            continue
        size = _member_size(f"{clip_id}.{suffix}", block[start : start + BLOCKSIZE])
        start += BLOCKSIZE
        end = start + size
        if end > len(block):
            raise InputError(f"member {clip_id}.{suffix} claims {size} bytes, {len(block) - start} are left")
        members[suffix] = block[start:end]
        start = end + -size % BLOCKSIZE
    if start != len(block):
        raise InputError(f"{len(block)} bytes where its members take {start}")
    return members


def _name_field(block: bytes, start: int) -> bytes:
    """What stands where a tar header has the member's name."""
    return block[start : start + _NAME_BYTES].rstrip(b"\0")


def _member_size(name: str, header: bytes) -> int:
    try:
        info = TarInfo.frombuf(header, "ascii", "backslashreplace")
    except TarError as error:
        raise InputError(f"no tar member {name}: {error}") from error
    if info.name != name:
        raise InputError(f"expected the member {name}, found {info.name!r}")
    if info.type != REGTYPE or info.size < 0:
        raise InputError(f"member {name} is not a plain file")
    return info.size
