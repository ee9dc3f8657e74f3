"""What a prepared corpus holds for each clip."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE
from pase.errors import InputError
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import UNKNOWN

FRAME_RATE = 25
"""Video frames per second of every prepared clip."""

CROP_SIZE = 96
"""Side of the square lip crop in pixels (paper Table II fits 96 x 96)."""

SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE

LIP_POINTS = 40
"""Lip landmarks of each frame, in the order of `pase.video.landmarks.LIP_INDICES`."""

SPLITS = ("train", "validation", "test")

OffsetMethod = Literal["bilabial", "model"]

Modality = Literal["audio-video", "audio", "video"]
"""What a clip has: sound and lips, sound alone (speech without a face), or lips alone (a silent video)."""


@dataclass(frozen=True, slots=True)
class AvOffset:
    """How far sound and picture of a clip were apart in the source.

    Attributes:
        seconds: Positive where the sound lags behind the picture.
        confidence: By how many standard errors the found shift is better than shifts further away; more is surer.
        method: ``"bilabial"`` (lips are closed in /p b m/) or ``"model"`` (a trained sync model).
        corrected: Whether the prepared clip has its sound moved so that both agree.
    """

    seconds: float
    confidence: float
    method: OffsetMethod
    corrected: bool = False

    def __post_init__(self) -> None:
        if self.method not in get_args(OffsetMethod):
            raise InputError(f"offset method {self.method!r} is not one of {', '.join(get_args(OffsetMethod))}")
        if not (abs(self.seconds) < 10 and abs(self.confidence) < 1e6):
            raise InputError(f"an offset of {self.seconds} s with confidence {self.confidence} cannot be")


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """One row of the manifest.

    Attributes:
        clip_id: Unique in the corpus; letters, digits, ``_ -`` and ``/`` only (a dot would end the name in a shard).
        speaker: Name of the person, or of the folder that stands for one.
        split: One of `SPLITS`.
        frames: Video frames at 25 per second; frame *i* is the picture from ``i / 25`` s to ``(i + 1) / 25`` s. The
            length of a clip without lips is counted in the same.
        samples: Sound samples at 16 kHz; 0 for a clip without sound.
        text: Transcript, empty where none is known.
        phones: Phones in time, or None where no alignment was possible or wanted.
        shard: File name of the shard that holds the clip, below ``shards/``.
        source: The user's own file, relative to the prepared source folder.
        source_start: Seconds from the beginning of that file to the clip's.
        offset: How far sound and picture were apart; None where it could not be measured.
        quality: Measures of picture and sound by name, see `pase.preparation.stages.quality`.
        modality: What the clip has; see `Modality`.
    """

    clip_id: str
    speaker: str
    split: str
    frames: int
    samples: int
    text: str
    phones: PhoneTrack | None
    shard: str
    source: str
    source_start: float = 0.0
    offset: AvOffset | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    modality: Modality = "audio-video"

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"clip {self.clip_id}: split {self.split!r} is not one of {', '.join(SPLITS)}")
        if self.modality not in get_args(Modality):
            raise InputError(
                f"clip {self.clip_id}: modality {self.modality!r} is not one of {', '.join(get_args(Modality))}"
            )
        if self.frames < 1 or (self.samples < 1 if self.heard else self.samples != 0):
            wanted = "both must be positive" if self.heard else "a clip without sound has frames and no samples"
            raise InputError(f"clip {self.clip_id}: {self.frames} frames and {self.samples} samples; {wanted}")
        if not all(math.isfinite(value) for value in (self.source_start, *self.quality.values())):
            raise InputError(f"clip {self.clip_id}: its start or a quality measure is no finite number")

    @property
    def seen(self) -> bool:
        """Whether the clip has lips."""
        return self.modality != "audio"

    @property
    def heard(self) -> bool:
        """Whether the clip has sound."""
        return self.modality != "video"

    @property
    def duration(self) -> float:
        """Length in seconds, in whole frames."""
        return self.frames / FRAME_RATE

    def frame_labels(self) -> NDArray[np.int64]:
        """Class number of the phone at the middle of each video frame, shape ``(frames,)``."""
        return np.full(self.frames, UNKNOWN) if self.phones is None else labels_of_frames(self.phones, self.frames)


def labels_of_frames(phones: PhoneTrack, frames: int) -> NDArray[np.int64]:
    """Class number of the phone at the middle of each of so many video frames, shape ``(frames,)``."""
    return phones.labels_at((np.arange(frames) + 0.5) / FRAME_RATE)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip's content; what it has not, as its record's modality says, is an array of length 0.

    Attributes:
        record: Its row of the manifest.
        waveform: Sound at 16 kHz, float32, shape ``(samples,)``; time 0 is that of the picture.
        lips: Lip crops, uint8 RGB, shape ``(frames, 96, 96, 3)``.
        lip_points: Lip landmarks, float32, shape ``(frames, 40, 2)``, x to the right and y down, in the upright
            coordinates of the stabilised crop, origin at its centre, unit = distance between the outer eye corners.
    """

    record: ClipRecord
    waveform: NDArray[np.float32]
    lips: NDArray[np.uint8]
    lip_points: NDArray[np.float32]
