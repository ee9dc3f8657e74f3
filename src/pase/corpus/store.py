"""Reading a prepared corpus: manifest and shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.corpus.clip import Clip, ClipRecord


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus, opened for reading. Cheap to pickle into loader workers."""

    folder: Path
    records: tuple[ClipRecord, ...]

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """Read the manifest.

        Raises:
            InputError: Not a prepared corpus, or made by a newer format.
        """
        raise NotImplementedError

    def split(self, name: str) -> tuple[ClipRecord, ...]:
        """The records of one split, in the manifest's order."""
        return tuple(record for record in self.records if record.split == name)

    def read(self, record: ClipRecord) -> Clip:
        """Decode one clip from its shard.

        Raises:
            InputError: The shard is missing, damaged, or does not hold the clip as the manifest says.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[Clip]:
        return (self.read(record) for record in self.records)


def write_corpus(folder: Path, clips: Sequence[Clip]) -> Corpus:
    """Write clips as a prepared corpus; used by preparation's last stage and by tests."""
    raise NotImplementedError
