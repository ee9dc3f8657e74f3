from collections.abc import Callable

import pytest

from pase.corpus.clip import ClipRecord
from pase.phonemes.intervals import PhoneInterval, PhoneTrack

MakeRecord = Callable[..., ClipRecord]


@pytest.fixture
def make_record() -> MakeRecord:
    """Records with phones of 0.2 s each, named by a string: ``make_record("a", "SIL B AA")``."""

    def make(
        clip_id: str, phones: str | None = None, speaker: str = "s", frames: int = 50, **more: object
    ) -> ClipRecord:
        track = None
        if phones is not None:
            names = enumerate(phones.split())
            track = PhoneTrack(tuple(PhoneInterval(name, 0.2 * n, 0.2 * n + 0.2) for n, name in names))
        values = {
            "split": "train",
            "samples": frames * 640,
            "text": "",
            "shard": "000000.tar",
            "source": "v.mp4",
            **more,
        }
        return ClipRecord(clip_id=clip_id, speaker=speaker, frames=frames, phones=track, **values)  # type: ignore[arg-type]

    return make
