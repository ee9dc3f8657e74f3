"""The sound of a video, or of speech alone, as 16 kHz mono, its first sample at the first picture.

The pictures are not stored anew: every later stage reads the user's own file at 25 frames per second by time
(`pase.video.reading`), which costs less than decoding a copy.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.corpus.codec import decode_sound, encode_sound
from pase.errors import UnusableClipError
from pase.preparation.sound import PlacedSound, read_sound
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.stages.probe import Facts, ProbeStage, load_facts
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_LOUD = 0.999  # of full scale: a sample that was probably cut off


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What is known of the sound of a video.

    Attributes:
        samples: At 16 kHz; 0 for a video that is kept without sound.
        clipped: Share of the samples at full scale.
        lead: Seconds by which the file's sound begins before its picture, negative where it begins later; 0 for a
            sound file of its own.
    """

    samples: int
    clipped: float
    lead: float = 0.0

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class NormaliseStage(Stage):
    """Decodes the sound and stores it as FLAC.

    Attributes:
        keep_silent: Let videos pass whose sound track is absent, empty or silent; they have no sound from here on.
    """

    name = "normalise"
    version = 2
    needs = (ProbeStage.name,)

    keep_silent: bool = False

    def settings(self) -> Mapping[str, Any]:
        """What becomes of silent videos."""
        return {"silent_videos": "keep"} if self.keep_silent else {}

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video, and the sound where it may be a file of its own."""
        return (video.video,) if video.audio is None else (video.video, video.audio)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Decode, mix, resample."""
        try:
            sound = _read(video, load_facts(work, video.name))
        except UnusableClipError as error:
            if error.reason != "no_sound" or not (video.seen and self.keep_silent):
                raise
            return StageResult(asdict(SoundFacts(0, 0.0)), remarks=(f"kept without sound: {error}",))
        waveform = sound.waveform
        clipped = np.count_nonzero(waveform >= _LOUD) + np.count_nonzero(waveform <= -_LOUD)
        heard = SoundFacts(len(waveform), round(clipped / len(waveform), 6), round(sound.lead, 6))
        return StageResult(asdict(heard), media={f"{video.name}.flac": encode_sound(waveform)})


def _read(video: SourceVideo, facts: Facts) -> PlacedSound:
    if not video.seen:
        return read_sound(video.video)
    if facts.own_sound or video.audio is None:
        return read_sound(video.video, Fraction(facts.start))
    return read_sound(video.audio)  # it begins with the picture, whatever its time stamps say


def sound_path(work: WorkFolder, name: str) -> Path:
    """The sound of a video, 16 kHz mono FLAC."""
    return work.path(NormaliseStage.name, f"{name}.flac")


def load_sound_facts(work: WorkFolder, name: str) -> SoundFacts:
    """What is known of the sound of a video."""
    return SoundFacts(**value_of(work, NormaliseStage.name, name))


def load_sound(work: WorkFolder, name: str) -> Waveform:
    """The sound of a video, 16 kHz mono float32, shape ``(N,)``; of length 0 where it has none."""
    if not load_sound_facts(work, name).samples:
        return np.empty(0, np.float32)
    return decode_sound(work.read_bytes(NormaliseStage.name, f"{name}.flac"))
