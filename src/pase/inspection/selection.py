"""Which clips and which of their frames are looked at; the same seed chooses the same."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pase.corpus.clip import FRAME_RATE, ClipRecord
from pase.phonemes.inventory import PHONES

PER_PHONE = 6
"""Lip crops of each phone on the contact sheet."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of a clip."""

    record: ClipRecord
    frame: int


def spread_over_speakers(records: Sequence[ClipRecord], seed: int) -> list[ClipRecord]:
    """All records in an order whose beginning shows as many speakers as there are: each in turn, by chance."""
    rng = np.random.default_rng(seed)
    of_speaker: dict[str, list[ClipRecord]] = {}
    for place in rng.permutation(len(records)):
        of_speaker.setdefault(records[place].speaker, []).append(records[place])
    turns = [(turn, place) for place, own in enumerate(of_speaker.values()) for turn in range(len(own))]
    queues = list(of_speaker.values())
    return [queues[place][turn] for turn, place in sorted(turns)]


def choose_moments(records: Iterable[ClipRecord], seed: int, per_phone: int = PER_PHONE) -> dict[str, list[Moment]]:
    """Frames at the middle of each phone, from as many clips as there are.

    Args:
        records: In the order in which they are drawn on.
        seed: Of the choice among a clip's tokens of the same phone.
        per_phone: How many of each phone.

    Returns:
        Up to `per_phone` moments of each phone that is spoken.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[Moment]] = {}
    spare: dict[str, list[Moment]] = {}
    missing = set(PHONES)
    for record in records:
        for phone, frames in _frames_of_phones(record, missing).items():
            first, *others = (Moment(record, int(frame)) for frame in rng.permutation(frames))
            found.setdefault(phone, []).append(first)
            spare.setdefault(phone, []).extend(others[:per_phone])
            if len(found[phone]) == per_phone:
                missing.discard(phone)
        if not missing:
            break
    return {phone: [*own, *spare[phone]][:per_phone] for phone, own in found.items()}


def _frames_of_phones(record: ClipRecord, wanted: Collection[str]) -> dict[str, list[int]]:
    """The frames at the middles of a clip's phones."""
    found: dict[str, list[int]] = {}
    for interval in record.phones.intervals if record.phones is not None else ():
        if interval.phone in wanted and interval.middle * FRAME_RATE < record.frames:
            found.setdefault(interval.phone, []).append(int(interval.middle * FRAME_RATE))
    return found


def choose_frames(records: Sequence[ClipRecord], seed: int, count: int) -> list[Moment]:
    """One frame by chance of each of the first clips, where no phones are known."""
    rng = np.random.default_rng(seed)
    return [Moment(record, int(rng.integers(record.frames))) for record in records[:count]]
