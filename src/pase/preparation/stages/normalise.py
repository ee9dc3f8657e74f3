"""The sound of a video as 16 kHz mono, its first sample at the first picture.

The pictures are not stored anew: every later stage reads the user's own file at 25 frames per second by time
(`pase.video.reading`), which costs less than decoding a copy.
"""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.corpus.codec import decode_sound, encode_sound
from pase.preparation.sound import read_sound
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.stages.probe import ProbeStage, load_facts
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

_LOUD = 0.999  # of full scale: a sample that was probably cut off


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What is known of the sound of a video.

    Attributes:
        samples: At 16 kHz.
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


class NormaliseStage(Stage):
    """Decodes the sound and stores it as FLAC."""

    name = "normalise"
    version = 2
    needs = (ProbeStage.name,)

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video, and the sound where it may be a file of its own."""
        return (video.video,) if video.audio is None else (video.video, video.audio)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Decode, mix, resample."""
        facts = load_facts(work, video.name)
        if facts.own_sound or video.audio is None:
            sound = read_sound(video.video, Fraction(facts.start))
        else:  # it begins with the picture, whatever its time stamps say
            sound = read_sound(video.audio)
        waveform = sound.waveform
        clipped = np.count_nonzero(waveform >= _LOUD) + np.count_nonzero(waveform <= -_LOUD)
        heard = SoundFacts(len(waveform), round(clipped / len(waveform), 6), round(sound.lead, 6))
        return StageResult(asdict(heard), media={f"{video.name}.flac": encode_sound(waveform)})


def sound_path(work: WorkFolder, name: str) -> Path:
    """The sound of a video, 16 kHz mono FLAC."""
    return work.path(NormaliseStage.name, f"{name}.flac")


def load_sound_facts(work: WorkFolder, name: str) -> SoundFacts:
    """What is known of the sound of a video."""
    return SoundFacts(**value_of(work, NormaliseStage.name, name))


def load_sound(work: WorkFolder, name: str) -> Waveform:
    """The sound of a video, 16 kHz mono float32, shape ``(N,)``."""
    return decode_sound(work.read_bytes(NormaliseStage.name, f"{name}.flac"))
