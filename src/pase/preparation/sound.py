"""The sound of a video on the clock of its pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from pase.audio.waveform import SAMPLE_RATE, Waveform, check_finite, resample
from pase.corpus.clip import FRAME_RATE
from pase.errors import UnusableClipError

MAX_SECONDS = 600
"""Longest clip; it is held in memory as a whole."""

_JITTER = 0.02  # seconds by which time stamps may wander from the count of samples
_COVER = 0.8  # share of the picture's length that must have sound
_SILENCE = 1e-3  # peak below which a track is digital silence


def read_sound(path: Path, start: Fraction) -> Waveform:
    """Decode the sound of a video so that its first sample belongs to the first picture.

    Sound is placed by its time stamps: what comes before the first picture is cut, gaps are silent.

    Args:
        path: Any video file; its first sound track is taken.
        start: Time stamp of the first picture in seconds.

    Returns:
        16 kHz mono float32, shape ``(N,)``, as long as the sound goes.

    Raises:
        UnusableClipError: No sound track, an empty or silent one, damaged, or too long.
    """
    pieces: list[tuple[int, Waveform]] = []
    clock: int | None = None
    rate = 0
    for time, rate, samples in _decode(path):
        position = round((time - start) * rate)
        if clock is None or abs(position - clock) > _JITTER * rate:
            clock = position
        if clock > MAX_SECONDS * rate:
            raise UnusableClipError("too_long", f"{path} is longer than {MAX_SECONDS} s; cut it into shorter clips")
        pieces.append((clock, samples))
        clock += len(samples)
    waveform = _place(pieces)
    if not len(waveform) or np.abs(waveform).max() < _SILENCE:
        raise UnusableClipError("no_sound", f"{path} has a sound track, and it is {'silent' if pieces else 'empty'}")
    check_finite(waveform, str(path))
    return resample(waveform, rate)


def fit_to_picture(waveform: Waveform, frames: int) -> Waveform:
    """Cut or pad with silence to the picture's length: ``frames / 25`` seconds.

    Raises:
        UnusableClipError: The sound ends long before the picture.
    """
    samples = frames * SAMPLE_RATE // FRAME_RATE
    if len(waveform) < _COVER * samples:
        raise UnusableClipError(
            "sound_short",
            f"the sound lasts {len(waveform) / SAMPLE_RATE:.2f} s, the picture {frames / FRAME_RATE:.2f} s",
        )
    return np.pad(waveform[:samples], (0, max(0, samples - len(waveform))))


def _decode(path: Path) -> Iterator[tuple[Fraction, int, Waveform]]:
    """Time stamp in seconds, sample rate, and mono samples of each decoded frame that carries a time stamp."""
    try:
        with av.open(str(path), "r") as container:
            if not container.streams.audio:
                raise UnusableClipError("no_sound", f"{path} has no sound track")
            stream = container.streams.audio[0]
            stream.codec_context.thread_count = 1
            mixer = AudioResampler("flt", "mono", stream.rate)
            for frame in container.decode(stream):
                if frame.pts is None or frame.time_base is None:
                    continue
                if frame.sample_rate != stream.rate:
                    raise UnusableClipError(
                        "undecodable", f"the sound of {path} changes from {stream.rate} to {frame.sample_rate} Hz"
                    )
                time = frame.pts * frame.time_base
                for mixed in mixer.resample(frame):
                    yield time, stream.rate, mixed.to_ndarray().reshape(-1).astype(np.float32)
    except FFmpegError as error:
        raise UnusableClipError(
            "undecodable", f"the sound of {path} cannot be decoded: {error.strerror}. Is the file whole?"
        ) from error


def _place(pieces: list[tuple[int, Waveform]]) -> Waveform:
    """Lay pieces out by their positions in samples; what lies before 0 is cut."""
    length = max((position + len(samples) for position, samples in pieces), default=0)
    waveform = np.zeros(max(0, length), dtype=np.float32)
    for position, samples in pieces:
        inside = samples[max(0, -position) :]
        begin = max(0, position)
        waveform[begin : begin + len(inside)] = inside
    return waveform
