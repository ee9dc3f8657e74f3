"""Prepared corpora with a clip that cannot be read."""

import shutil
import tarfile
from pathlib import Path

from pase.corpus.store import Corpus


def without_pictures(corpus: Path, folder: Path, split: str) -> Path:
    """Copy a corpus of one shard; the first clip of the split loses its pictures."""
    shutil.copytree(corpus, folder)
    clip = Corpus.open(folder).split(split)[0].clip_id
    (shard,) = (folder / "shards").glob("*.tar")
    with tarfile.open(shard) as tar:
        (start,) = (member.offset_data for member in tar if clip in member.name and member.name.endswith(".mp4"))
    content = bytearray(shard.read_bytes())
    place = content.index(b"mdat", start)
    content[place : place + 3000] = bytes(3000)
    shard.write_bytes(content)
    return folder
