"""The person of a benchmark: footage to train on, footage to test on, and what is said in the latter."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.video.speaker import Speaker
from pase_adapters.benchmark.plan import Plan
from pase_adapters.reference.footage import Footage, make_footage

_SEED = 0
"""Of the training clips: the same for every benchmark."""


@dataclass(frozen=True)
class Subject:
    """A person.

    Attributes:
        corpus: Where the clips come from.
        training: Footage to train on.
        test: Footage whose takes are rendered and measured.
        spoken: The corpus's record of each take of `test`.
    """

    corpus: Corpus
    training: Footage
    test: Footage
    spoken: tuple[ClipRecord, ...]


def open_subject(plan: Plan, folder: Path, find: Callable[[Path], Speaker]) -> Subject:
    """Make a benchmark's footage, or open what an earlier call has made.

    Args:
        plan: The benchmark.
        folder: For the footage.
        find: Where the person is in a video.

    Raises:
        InputError: The corpus has too few clips, or a video is missing.
        UnusableClipError: A video cannot be used.
    """
    corpus = Corpus.open(plan.corpus)
    known = _whole(corpus.split("train"))
    if len(known) < plan.training_clips:
        raise InputError(f"{plan.corpus} has {len(known)} training clips with faces, {plan.training_clips} are wanted")
    chosen = sorted(random.Random(_SEED).sample(known, plan.training_clips), key=lambda record: record.clip_id)
    spoken = _spread([one for one in _whole(corpus.split("validation")) if one.phones is not None], plan.test_clips)
    training = _footage(folder / f"training-{plan.learnt}", _videos(plan, chosen), plan.size, find)
    test = _footage(folder / f"test-{plan.tested}-{plan.learnt}", _videos(plan, spoken), plan.size, find, training)
    return Subject(corpus, training, test, tuple(spoken))


def _whole(records: Sequence[ClipRecord]) -> list[ClipRecord]:
    """Clips with a face from the beginning of their videos on, which the videos alone then tell."""
    return [record for record in records if record.modality == "audio-video" and record.source_start == 0]


def _spread(records: Sequence[ClipRecord], wanted: int) -> list[ClipRecord]:
    if len(records) < wanted:
        raise InputError(f"the corpus has {len(records)} validation clips with phones, {wanted} are wanted")
    return [records[place * len(records) // wanted] for place in range(wanted)]


def _videos(plan: Plan, records: Sequence[ClipRecord]) -> list[Path]:
    at_hand = {path.stem: path for path in sorted(Path(plan.videos).rglob("*")) if path.suffix in _VIDEOS}
    missing = [record.source for record in records if Path(record.source).stem not in at_hand]
    if missing:
        raise InputError(f"{plan.videos} lacks {len(missing)} of the clips' videos, such as {missing[0]}")
    return [at_hand[Path(record.source).stem] for record in records]


_VIDEOS = frozenset({".mp4", ".mpg", ".mov", ".avi", ".mkv"})


def _footage(
    folder: Path, videos: Sequence[Path], size: int, find: Callable[[Path], Speaker], like: Footage | None = None
) -> Footage:
    if (folder / "footage.json").is_file():
        footage = Footage.open(folder)
        if [take.video.stem for take in footage.takes] != [video.stem for video in videos]:
            raise InputError(f"the corpus has changed since {folder} was made of other clips: remove that folder")
        return footage
    return make_footage(videos, folder, size, find, like)
