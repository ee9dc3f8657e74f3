"""From what an engine speaks to a clip: another vocal tract, silence at both ends, a level and a room's noise."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform, resample
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.corpus.synthetic.voices.engine import Spoken
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import SILENCE


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip of speech.

    Attributes:
        waveform: 16 kHz mono, float32, shape ``(samples,)``; a whole number of video frames long.
        phones: Every phone and silence from 0 to the end without a gap.
    """

    waveform: Waveform
    phones: PhoneTrack

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / SAMPLE_RATE


def record(spoken: Spoken, tract: float, before: float, after: float) -> Recording:
    """Give speech another vocal tract, and silence at both ends.

    Args:
        spoken: A sentence with at least one phone that is no silence.
        tract: Factor on all frequencies; times are divided by it.
        before: Seconds of silence before the first phone; the engine's own silence is cut or lengthened.
        after: Seconds of silence after the last phone, at least; the end is rounded up to a whole video frame.
    """
    rate = round(spoken.sample_rate * tract)
    sound = resample(spoken.waveform, rate)
    stretch = spoken.sample_rate / rate
    phones = [i for i in spoken.phones.intervals if i.phone != SILENCE]
    lead = int(np.ceil((before - phones[0].start * stretch) * SAMPLE_RATE))  # up: nothing begins before 0
    shift = lead / SAMPLE_RATE
    end = phones[-1].end * stretch + shift
    samples = int(np.ceil((end + after) * FRAME_RATE)) * SAMPLES_PER_FRAME
    placed = np.concatenate([np.zeros(max(lead, 0), np.float32), sound[max(-lead, 0) :]])[:samples]
    waveform = np.pad(placed, (0, samples - len(placed)))
    moved = [(i.phone, i.start * stretch + shift, i.end * stretch + shift) for i in phones]
    return Recording(waveform, PhoneTrack(tuple(_with_silences(moved, samples / SAMPLE_RATE))))


def _with_silences(phones: list[tuple[str, float, float]], duration: float) -> Iterator[PhoneInterval]:
    """Fill what no phone covers with silence."""
    clock = 0.0
    for phone, start, end in [*phones, (SILENCE, duration, duration)]:
        if start - clock > 1e-6:
            yield PhoneInterval(SILENCE, clock, start)
        if end > start:
            yield PhoneInterval(phone, clock if abs(start - clock) <= 1e-6 else start, end)
        clock = end
