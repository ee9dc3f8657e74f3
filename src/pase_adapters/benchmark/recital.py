"""Speech that the rendered person was not filmed speaking: clips of a corpus, a silent room around each."""

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import save_wav
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import SILENCE

PAUSE = FRAME_RATE
"""Frames of silence before, between and after the clips: a second."""

_ROOM = 1e-3
"""Of full scale, root mean square: noise of a quiet room, -60 dB. Digital silence is foreign to some encoders."""

_SEED = 0


@dataclass(frozen=True)
class Recital:
    """A recording to speak.

    Attributes:
        name: Of what it is, such as "another speaker".
        sound: The file.
        frames: Video frames.
        phones: Of the clips whose phones are known, and the silence around all.
        filmed: Of clips with a face, the first frame in the recording and the speaker's own lip points, in eye
            distances, shape ``(T, 40, 2)``.
    """

    name: str
    sound: Path
    frames: int
    phones: PhoneTrack
    filmed: tuple[tuple[int, NDArray[np.float32]], ...]

    @cached_property
    def identity(self) -> str:
        """Hash of what is heard and of the lips that go with it."""
        content = hashlib.sha256(self.sound.read_bytes())
        for first, lips in self.filmed:
            content.update(f"{first} {lips.shape}".encode() + lips.tobytes())
        return content.hexdigest()


def make_recital(name: str, corpus: str, count: int, sound: Path, among: Set[str] | None = None) -> Recital:
    """Write a recording of a corpus's clips, evenly spread over its validation clips, or over all where it has none.

    Args:
        name: Of what it is.
        corpus: Folder of a prepared corpus.
        count: Most clips.
        sound: The wav file to write.
        among: Ids of the clips that may be recited; None: all.

    Raises:
        InputError: The corpus has no such clip with sound, and with known phones or a face.
    """
    opened = Corpus.open(corpus)
    audible = [
        record
        for record in opened.split("validation") or opened.records
        if record.heard and (record.seen or record.phones is not None) and (among is None or record.clip_id in among)
    ]
    if not audible:
        raise InputError(
            f"{corpus} has no clip to recite: with sound, with phones or a face, unknown to the judge of sync"
        )
    room = np.random.default_rng(_SEED).standard_normal(PAUSE * SAMPLES_PER_FRAME)
    pause = (_ROOM * room).astype(np.float32)
    pieces, intervals, filmed, frames = [pause], [PhoneInterval(SILENCE, 0, PAUSE / FRAME_RATE)], [], PAUSE
    for place in range(min(count, len(audible))):
        record = audible[place * len(audible) // min(count, len(audible))]
        whole = record.samples // SAMPLES_PER_FRAME
        start, end = frames / FRAME_RATE, (frames + whole) / FRAME_RATE
        if record.phones is not None:
            intervals += [
                PhoneInterval(one.phone, start + one.start, start + one.end)
                for one in record.phones.between(0, whole / FRAME_RATE).intervals
            ]
        intervals.append(PhoneInterval(SILENCE, end, end + PAUSE / FRAME_RATE))
        clip = opened.read(record)
        if record.seen:
            filmed.append((frames, clip.lip_points[:whole]))
        pieces += [clip.waveform[: whole * SAMPLES_PER_FRAME], pause]
        frames += whole + PAUSE
    save_wav(sound, np.concatenate(pieces))
    return Recital(name, sound, frames, PhoneTrack(tuple(intervals)), tuple(filmed))
