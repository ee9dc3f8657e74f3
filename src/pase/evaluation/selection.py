"""Which clips are fitted on, and which are measured."""

from collections.abc import Sequence

import numpy as np

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError


def training(corpus: Corpus, most: int) -> tuple[ClipRecord, ...]:
    """Training clips, at most so many.

    Raises:
        InputError: There are fewer than two.
    """
    records = spread(complete(corpus.split("train")), most)
    if len(records) < 2:
        raise InputError(
            f"{corpus.folder}: {len(records)} training clips with sound and lips; probes are fitted on them, at least "
            "2 needed"
        )
    return records


def held_out(corpus: Corpus, most: int | None = None) -> tuple[ClipRecord, ...]:
    """Validation clips, or test clips where there are none, at most so many.

    Raises:
        InputError: There are none.
    """
    records = complete(corpus.split("validation")) or complete(corpus.split("test"))
    if not records:
        raise InputError(
            f"{corpus.folder} has no validation clips with sound and lips: prepare it with a share of clips held out"
        )
    return records if most is None else spread(records, most)


def everyone(corpus: Corpus, most: int) -> tuple[ClipRecord, ...]:
    """Clips of all splits, at most so many.

    Raises:
        InputError: There are none.
    """
    records = complete(corpus.records)
    if not records:
        raise InputError(f"{corpus.folder} has no clips with sound and lips: nothing can be measured on it")
    return spread(records, most)


def complete(records: Sequence[ClipRecord]) -> tuple[ClipRecord, ...]:
    """The records of clips that have sound and lips."""
    return tuple(record for record in records if record.seen and record.heard)


def spread(records: Sequence[ClipRecord], most: int) -> tuple[ClipRecord, ...]:
    """At most so many records, evenly spread over the list."""
    if len(records) <= most:
        return tuple(records)
    return tuple(records[int(place)] for place in np.linspace(0, len(records) - 1, most).round())
