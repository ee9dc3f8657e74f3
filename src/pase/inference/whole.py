"""Whole recordings through a stream."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pase.errors import InputError
from pase.files import atomic_path
from pase.inference.row_file import RowWriter
from pase.inference.rows import Rows, join
from pase.inference.sound import Sound
from pase.inference.stream import StreamingEncoder
from pase.inference.track import FeatureTrack

SHORTEST = 0.04
"""Seconds: one video frame; less sound than that has no feature that could be used."""


def iter_rows(stream: StreamingEncoder, blocks: Iterable[ArrayLike], where: str) -> Iterator[Rows]:
    """All rows of a recording.

    Args:
        stream: A new one.
        blocks: The recording, in pieces.
        where: What it is, for messages.

    Raises:
        InputError: Unusable samples, or less than 40 ms of them.
    """
    for block in blocks:
        yield stream.push(Sound.of(block, where))
    yield stream.finish()
    if stream.heard < SHORTEST:
        raise InputError(
            f"{where}: {1000 * stream.heard:.1f} ms of sound; "
            f"at least {1000 * SHORTEST:g} ms (one video frame) are needed"
        )


def collect(stream: StreamingEncoder, blocks: Iterable[ArrayLike], where: str) -> FeatureTrack:
    """All states of a recording; the stream must give states. See `iter_rows`."""
    states = join(list(iter_rows(stream, blocks, where))).features
    return FeatureTrack(states, stream.spec.rate, stream.heard, stream.spec.model_id)


def write(stream: StreamingEncoder, blocks: Iterable[ArrayLike], where: str, output: Path) -> tuple[int, int]:
    """All rows of a recording into a ``.npy`` file, in constant memory; returns their shape. See `iter_rows`.

    Raises:
        InputError: Also where the file cannot be written.
    """
    with atomic_path(output) as temporary, RowWriter(temporary, stream.spec.width) as writer:
        for rows in iter_rows(stream, blocks, where):
            writer.append(rows.features)
        return writer.finish()


def keep(stream: StreamingEncoder, blocks: Iterable[ArrayLike], where: str, output: Path) -> FeatureTrack:
    """All states of a recording in a ``.npy`` file, mapped into memory; otherwise as `collect`."""
    write(stream, blocks, where, output)
    states = np.load(output, mmap_mode="r", allow_pickle=False)
    return FeatureTrack(states, stream.spec.rate, stream.heard, stream.spec.model_id)
