"""The sound of a video on the clock of its pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.resampler import AudioResampler

from pase.audio.waveform import Resampler, Waveform, check_finite
from pase.errors import InputError, UnusableClipError
from pase.video.media import decode, open_media, sound_track

MAX_SECONDS = 2 * 3600
"""Longest video; two hours of its sound take some 0.5 GB of memory while it is read, and 0.7 GB while it is encoded."""

_JITTER = 0.02  # seconds by which time stamps may wander from the count of samples
_SILENCE = 1e-3  # peak below which a track is digital silence


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """Sound whose first sample belongs to the first picture.

    Attributes:
        waveform: 16 kHz mono float32, shape ``(N,)``.
        lead: Seconds by which the file's sound begins before its picture; negative where it begins later.
    """

    waveform: Waveform
    lead: float


def read_sound(path: Path, start: Fraction | None = None) -> PlacedSound:
    """Decode the sound of a video so that its first sample belongs to the first picture.

    Sound is placed by its time stamps: what comes before the first picture is cut, gaps are silent, and of stretches
    that overlap the first is kept. It is resampled as it is decoded, so that only what is returned is held.

    Args:
        path: Any video or sound file; its first sound track is taken.
        start: Time stamp of the first picture in seconds; None where the sound begins with the picture.

    Returns:
        The sound, as long as it goes.

    Raises:
        UnusableClipError: No sound track, an empty or silent one, damaged, too long, of a rate that cannot be used, or
            with samples that are no numbers.
    """
    track: _Track | None = None
    clock = 0
    for time, rate, samples in _decode(path):
        start = time if start is None else start
        position = round((time - start) * rate)
        if track is None:
            track, clock, lead = _Track(path, rate), position, float(start - time)
        if abs(position - clock) > _JITTER * rate:
            clock = position
        if clock > MAX_SECONDS * rate:
            raise UnusableClipError("too_long", f"{path} is longer than {MAX_SECONDS // 3600} hours; cut it first")
        track.add(clock, samples)
        clock += len(samples)
    if track is None:
        raise UnusableClipError("no_sound", f"{path} has a sound track, and it is empty")
    return PlacedSound(track.finish(), lead)


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


class _Track:
    """Takes samples at their positions, in time's order, and keeps them at 16 kHz."""

    def __init__(self, path: Path, rate: int) -> None:
        self._path = path
        self._rate = rate
        self._taken = 0  # samples at the source's rate, gaps included
        self._kept = bytearray()  # grows without being copied, as the system moves its pages
        with self._usable():
            self._resampler = Resampler(rate)

    def add(self, position: int, samples: Waveform) -> None:
        """What lies before 0, or where samples lie already, is cut; gaps are filled with silence."""
        samples = samples[max(0, self._taken - position) :]
        if not len(samples):
            return
        with self._usable(f" at {position / self._rate:.2f} s"):
            check_finite(samples, "a block of it")
        while self._taken < position:
            self._push(np.zeros(min(self._rate, position - self._taken), dtype=np.float32))
        self._push(samples)

    def finish(self) -> Waveform:
        """All of it."""
        self._kept += self._resampler.flush().tobytes()
        waveform = np.frombuffer(self._kept, dtype=np.float32)
        if not len(waveform):
            raise UnusableClipError("no_sound", f"{self._path} has a sound track, and it ends before the first picture")
        if max(waveform.max(), -waveform.min()) < _SILENCE:
            raise UnusableClipError("no_sound", f"{self._path} has a sound track, and it is silent")
        return waveform

    def _push(self, samples: Waveform) -> None:
        self._kept += self._resampler.push(samples).tobytes()
        self._taken += len(samples)

    @contextmanager
    def _usable(self, where: str = "") -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise UnusableClipError("bad_sound", f"the sound of {self._path} cannot be used{where}: {error}") from error
