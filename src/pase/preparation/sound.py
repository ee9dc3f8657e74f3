"""The sound of a video on the clock of its pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.resampler import AudioResampler

from pase.audio.waveform import Waveform, check_finite, resample
from pase.errors import InputError, UnusableClipError
from pase.video.media import decode, open_media, sound_track

MAX_SECONDS = 2 * 3600
"""Longest video; its sound is held in memory as a whole (some 0.5 GB for two hours)."""

_JITTER = 0.02  # seconds by which time stamps may wander from the count of samples
_SILENCE = 1e-3  # peak below which a track is digital silence


def read_sound(path: Path, start: Fraction | None = None) -> Waveform:
    """Decode the sound of a video so that its first sample belongs to the first picture.

    Sound is placed by its time stamps: what comes before the first picture is cut, gaps are silent.

    Args:
        path: Any video or sound file; its first sound track is taken.
        start: Time stamp of the first picture in seconds; None where the sound begins with the picture.

    Returns:
        16 kHz mono float32, shape ``(N,)``, as long as the sound goes.

    Raises:
        UnusableClipError: No sound track, an empty or silent one, damaged, too long, of a rate that cannot be used, or
            with samples that are no numbers.
    """
    pieces: list[tuple[int, Waveform]] = []
    clock: int | None = None
    rate = 0
    for time, rate, samples in _decode(path):
        start = time if start is None else start
        position = round((time - start) * rate)
        if clock is None or abs(position - clock) > _JITTER * rate:
            clock = position
        if clock > MAX_SECONDS * rate:
            raise UnusableClipError("too_long", f"{path} is longer than {MAX_SECONDS // 3600} hours; cut it first")
        pieces.append((clock, samples))
        clock += len(samples)
    waveform = _place(pieces)
    if not len(waveform):
        found = "it ends before the first picture" if pieces else "it is empty"
        raise UnusableClipError("no_sound", f"{path} has a sound track, and {found}")
    try:
        check_finite(waveform, str(path))
        waveform = resample(waveform, rate)
    except InputError as error:
        raise UnusableClipError("bad_sound", f"the sound of {path} cannot be used: {error}") from error
    if not len(waveform) or np.abs(waveform).max() < _SILENCE:
        raise UnusableClipError("no_sound", f"{path} has a sound track, and it is silent")
    return waveform


def cut_sound(waveform: Waveform, start: int, samples: int) -> Waveform:
    """A stretch of a waveform of shape ``(N,)``; before its beginning and after its end there is silence.

    Args:
        waveform: 16 kHz mono float32.
        start: First sample; may be negative.
        samples: Length of the stretch.
    """
    stretch = np.zeros(samples, dtype=np.float32)
    inside = waveform[max(0, start) : max(0, start + samples)]
    stretch[max(0, -start) : max(0, -start) + len(inside)] = inside
    return stretch


def _decode(path: Path) -> Iterator[tuple[Fraction, int, Waveform]]:
    """Time stamp in seconds, sample rate, and mono samples of each decoded frame that carries a time stamp."""
    with open_media(path) as container:
        mixer: AudioResampler | None = None
        form: tuple[str, str] | None = None
        rate = 0
        for frame in decode(path, container, sound_track(path, container)):
            if frame.pts is None or frame.time_base is None:
                continue
            rate = rate or frame.sample_rate
            if frame.sample_rate != rate:
                raise UnusableClipError(
                    "bad_sound",
                    f"the sound of {path} changes from {rate} to {frame.sample_rate} Hz after {frame.time:.2f} s; "
                    "cut the file there, or convert it first",
                )
            if mixer is None or form != (frame.format.name, frame.layout.name):  # broadcasts change their channels
                mixer, form = AudioResampler("flt", "mono", rate), (frame.format.name, frame.layout.name)
            for mixed in mixer.resample(frame):
                yield frame.pts * frame.time_base, rate, mixed.to_ndarray().reshape(-1).astype(np.float32)


def _place(pieces: list[tuple[int, Waveform]]) -> Waveform:
    """Lay pieces out by their positions in samples; what lies before 0 is cut."""
    length = max((position + len(samples) for position, samples in pieces), default=0)
    waveform = np.zeros(max(0, length), dtype=np.float32)
    for position, samples in pieces:
        inside = samples[max(0, -position) :]
        begin = max(0, position)
        waveform[begin : begin + len(inside)] = inside
    return waveform
