"""Numbers of a whole corpus, from its records alone: no clip is decoded for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import ClipRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OffsetSummary:
    """How far sound and picture were apart.

    Attributes:
        seconds: Of each measured clip, positive where the sound lags behind the picture, shape ``(N,)``.
        corrected: Whether its sound was moved, shape ``(N,)``.
        methods: How many clips were measured by each method.
    """

    seconds: Floats
    corrected: NDArray[np.bool_]
    methods: tuple[tuple[str, int], ...]


def hours(records: Sequence[ClipRecord]) -> float:
    """Length of all clips in hours."""
    return sum(record.duration for record in records) / 3600


def clip_seconds(records: Sequence[ClipRecord]) -> Floats:
    """Length of each clip in seconds."""
    return np.array([record.duration for record in records])


def speaker_hours(records: Sequence[ClipRecord]) -> list[tuple[str, float]]:
    """Speakers and their hours, who speaks most first."""
    found: dict[str, float] = {}
    for record in records:
        found[record.speaker] = found.get(record.speaker, 0.0) + record.duration / 3600
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def phone_seconds(records: Sequence[ClipRecord]) -> dict[str, Floats]:
    """Length in seconds of each time that each phone is spoken; phones that never are are left out."""
    found: dict[str, list[float]] = {}
    for record in records:
        for interval in record.phones.intervals if record.phones is not None else ():
            found.setdefault(interval.phone, []).append(interval.end - interval.start)
    return {phone: np.array(lengths) for phone, lengths in found.items()}


def quality_values(records: Sequence[ClipRecord]) -> dict[str, Floats]:
    """Values of each quality measure over the clips that have it, by name."""
    found: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.quality.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(found[name]) for name in sorted(found)}


def summarise_offsets(records: Sequence[ClipRecord]) -> OffsetSummary | None:
    """Measured offsets between sound and picture; None where none was measured."""
    found = [record.offset for record in records if record.offset is not None]
    if not found:
        return None
    methods = [offset.method for offset in found]
    return OffsetSummary(
        np.array([offset.seconds for offset in found]),
        np.array([offset.corrected for offset in found]),
        tuple((method, methods.count(method)) for method in sorted(set(methods))),
    )
