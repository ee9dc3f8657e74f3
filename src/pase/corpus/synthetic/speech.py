"""Speech from espeak-ng with the exact time of every phone.

libespeak-ng (see `pase.phonemes.espeak`) reports each phone with the sample at which its synthesis begins. A stop's
silent closure is written before that sample; it is found again as the run of exact zeros there, so that a stop's
interval holds its closure, as in hand-made labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform, resample
from pase.corpus.clip import FRAME_RATE
from pase.corpus.synthetic.espeak_events import PHONEME, WORD, Event, Parameter, run_espeak
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.ipa import arpabet_of_ipa
from pase.phonemes.words import WordInterval

_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_SCOTTISH_LINK = "ʲ"
_LONGEST_CLOSURE = 0.06  # seconds of a pause that belong to the stop after it
_LONGEST_GAP = 0.12  # a longer run of zeros between two phones is a pause, not a closure


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthetic speaker's voice.

    Attributes:
        accent: espeak-ng voice file, for example ``gmw/en-US``.
        variant: espeak-ng voice variant; one without echo, which would fill the silences.
        rate: Words per minute.
        pitch: 0 ... 99, 50 is the variant's own.
        pitch_range: How far the pitch moves, 0 ... 99, 50 is the variant's own.
    """

    accent: str
    variant: str
    rate: int
    pitch: int
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken sentence.

    Attributes:
        waveform: 16 kHz mono, float32, shape ``(samples,)``; a whole number of video frames long.
        phones: Every phone and silence from 0 to the end without a gap.
        words: Words in time.
    """

    waveform: Waveform
    phones: PhoneTrack
    words: tuple[WordInterval, ...]

    @property
    def frames(self) -> int:
        """Video frames at 25 per second that the sound lasts."""
        return len(self.waveform) * FRAME_RATE // SAMPLE_RATE


def speak(text: str, voice: Voice, before: float = 0.3, after: float = 0.3) -> Speech:
    """Say a sentence.

    Args:
        text: One sentence in plain words and commas.
        voice: Who says it.
        before: Seconds of silence before the first phone.
        after: Seconds of silence after the last phone, at least; the end is rounded up to a whole video frame.

    Raises:
        MissingExtraError: `espeakng-loader` is not installed.
        InputError: espeak-ng used a phone that `pase.phonemes.ipa` does not know.
    """
    pcm, rate, events = _synthesize(text, voice)
    spoken = [event for event in events if event.kind == PHONEME]
    first = next(event.sample for event in spoken if event.symbol) / rate
    last = int(np.flatnonzero(pcm)[-1] + 1) / rate
    # espeak-ng itself begins and ends with some silence, and before a first stop with its closure.
    lead = max(0.0, before - first)
    frames = int(np.ceil((lead + last + after) * FRAME_RATE))
    waveform = np.zeros(frames * SAMPLE_RATE // FRAME_RATE, dtype=np.float32)
    offset = round(lead * SAMPLE_RATE)
    sound = resample((pcm / 32768).astype(np.float32), rate)[: len(waveform) - offset]
    waveform[offset : offset + len(sound)] = sound
    segments = _segments(_without_links(events, pcm), pcm, rate)
    shift = offset / SAMPLE_RATE
    intervals = _phones(segments, shift, frames / FRAME_RATE)
    return Speech(waveform, PhoneTrack(tuple(intervals)), _words(text, segments, shift))


def say(text: str, voice: Voice) -> tuple[Waveform, int, PhoneTrack]:
    """Say a sentence and leave it as espeak-ng gives it.

    Args:
        text: As in `speak`.
        voice: Who says it.

    Returns:
        Sound in -1 ... 1, shape ``(N,)``; its sample rate in Hz; every phone and silence from 0 to its end.

    Raises:
        MissingExtraError: `espeakng-loader` is not installed.
        InputError: espeak-ng used a phone that `pase.phonemes.ipa` does not know.
    """
    pcm, rate, events = _synthesize(text, voice)
    phones = _phones(_segments(_without_links(events, pcm), pcm, rate), 0.0, len(pcm) / rate)
    return (pcm / 32768).astype(np.float32), rate, PhoneTrack(tuple(phones))


@dataclass(frozen=True, slots=True)
class _Segment:
    """One espeak-ng phone (or pause, `symbol` empty), seconds from espeak-ng's own start."""

    symbol: str
    start: float
    end: float
    text_position: int


def _segments(events: list[Event], pcm: NDArray[np.int16], rate: int) -> list[_Segment]:
    """Join events and closures to segments without gaps."""
    starts: list[tuple[str, int, int]] = []
    word_start = 0
    in_pause = True  # espeak-ng may begin with silence
    for event in events:
        if event.kind == WORD:
            word_start = event.sample
            continue
        start = event.sample
        if event.symbol and in_pause:
            stop = arpabet_of_ipa(event.symbol)[0] in _STOPS
            start -= min(_zeros_before(pcm, start), round(_LONGEST_CLOSURE * rate)) if stop else 0
        elif event.symbol:
            gap = _zeros_before(pcm, start)
            earliest = max(start - gap, word_start) if word_start > starts[-1][1] else start - gap
            start = earliest if gap < _LONGEST_GAP * rate else start
        starts.append((event.symbol, start, event.text_position))
        in_pause = not event.symbol
    ends = [start for _, start, _ in starts[1:]] + [len(pcm)]
    return [
        _Segment(symbol, start / rate, end / rate, position)
        for (symbol, start, position), end in zip(starts, ends, strict=True)
        if end > start
    ]


def _without_links(events: list[Event], pcm: NDArray[np.int16]) -> list[Event]:
    """Drop the glides by which espeak-ng links two vowels ("happy apple"), so that they belong to the first vowel.

    They have no symbol, as pauses, but sound; in Scotland a symbol of their own.
    """
    phones = [number for number, event in enumerate(events) if event.kind == PHONEME]
    ends = [events[number].sample for number in phones[1:]] + [len(pcm)]
    links = set()
    for number, end in zip(phones, ends, strict=True):
        sound = pcm[events[number].sample : end]
        unnamed = not events[number].symbol and np.count_nonzero(sound) > len(sound) / 2
        if unnamed or events[number].symbol == _SCOTTISH_LINK:
            links.add(number)
    return [event for number, event in enumerate(events) if number not in links]


def _zeros_before(pcm: NDArray[np.int16], sample: int) -> int:
    sound = np.flatnonzero(pcm[:sample])
    return sample - (int(sound[-1]) + 1 if len(sound) else 0)


def _phones(segments: list[_Segment], shift: float, duration: float) -> list[PhoneInterval]:
    """ARPAbet intervals that cover 0 ... duration; neighbouring pauses are joined."""
    labelled: list[tuple[str, float]] = [(SILENCE, 0.0)]
    for segment in segments:
        phones = arpabet_of_ipa(segment.symbol) if segment.symbol else (SILENCE,)
        length = (segment.end - segment.start) / len(phones)
        for index, phone in enumerate(phones):
            if phone != SILENCE or labelled[-1][0] != SILENCE:
                labelled.append((phone, shift + segment.start + index * length))
    ends = [start for _, start in labelled[1:]] + [duration]
    return [PhoneInterval(phone, start, end) for (phone, start), end in zip(labelled, ends, strict=True) if end > start]


def _words(text: str, segments: list[_Segment], shift: float) -> tuple[WordInterval, ...]:
    """Words in time. Where espeak-ng speaks two words as one ("of the"), they are one entry."""
    spans: dict[int, tuple[float, float]] = {}
    for segment in segments:
        if segment.symbol:
            begin = spans.get(segment.text_position, (segment.start, 0.0))[0]
            spans[segment.text_position] = (begin, segment.end)
    words: list[WordInterval] = []
    position = 0
    for token in text.split():
        position = text.index(token, position)
        span = spans.get(position + 1)  # espeak-ng counts characters from 1
        plain = token.strip(",.?!;:").lower()
        position += len(token)
        if span is not None:
            words.append(WordInterval(plain, shift + span[0], shift + span[1]))
        elif words:
            words[-1] = WordInterval(f"{words[-1].word} {plain}", words[-1].start, words[-1].end)
    return tuple(words)


def _synthesize(text: str, voice: Voice) -> tuple[NDArray[np.int16], int, list[Event]]:
    parameters = {Parameter.RATE: voice.rate, Parameter.PITCH: voice.pitch, Parameter.RANGE: voice.pitch_range}
    return run_espeak(text, f"{voice.accent}+{voice.variant}", parameters)
