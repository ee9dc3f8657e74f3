"""Reading, resampling and writing waveforms, all through PyAV, so that any container and codec is welcome.

Everything downstream takes 16 kHz mono float32 in [-1, 1].
"""

import wave
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from numpy.typing import NDArray

from pase.errors import InputError
from pase.files import atomic_path

SAMPLE_RATE = 16_000
"""Hz; the rate at which PASE hears (paper section 2.1: 0-8 kHz)."""

_MIN_RATE, _MAX_RATE = 4_000, 768_000

Waveform = NDArray[np.float32]


def check_finite(waveform: Waveform, where: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        InputError: Naming the first bad sample.
    """
    if not np.isfinite(waveform).all():
        bad = np.flatnonzero(~np.isfinite(waveform))
        raise InputError(
            f"{where}: {len(bad)} samples are NaN or infinite, the first is number {bad[0]}. Export the sound again."
        )


class Resampler:
    """Streaming resampler to 16 kHz mono: any cutting of the input into blocks gives the same output."""

    def __init__(self, sample_rate: int) -> None:
        if not _MIN_RATE <= sample_rate <= _MAX_RATE:
            raise InputError(f"sample rate {sample_rate} Hz is not within {_MIN_RATE} ... {_MAX_RATE} Hz")
        self._rate = sample_rate
        self._clock = 0
        self._engine = None if sample_rate == SAMPLE_RATE else AudioResampler("flt", "mono", SAMPLE_RATE)

    def push(self, block: Waveform) -> Waveform:
        """Take samples at the input rate, shape ``(N,)``; return what is ready at 16 kHz."""
        if self._engine is None or len(block) == 0:
            return block
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block[None], dtype=np.float32), "flt", "mono")
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._clock
        self._clock += len(block)
        return _join(self._engine.resample(frame))

    def flush(self) -> Waveform:
        """The last samples, once the input has ended."""
        if self._engine is None or self._clock == 0:
            return np.zeros(0, dtype=np.float32)
        return _join(self._engine.resample(None))


def resample(waveform: Waveform, sample_rate: int) -> Waveform:
    """Resample a whole mono waveform, shape ``(N,)``, from `sample_rate` to 16 kHz."""
    resampler = Resampler(sample_rate)
    return np.concatenate([resampler.push(waveform), resampler.flush()])


def iter_audio(path: Path, block_seconds: float = 10.0) -> Iterator[Waveform]:
    """Decode any sound or video file to 16 kHz mono, block by block, in constant memory.

    Args:
        path: File with at least one sound track; the first is taken.
        block_seconds: Length of every yielded block but the last.

    Yields:
        float32 arrays of shape ``(N,)``.

    Raises:
        InputError: No such file, no sound track, undecodable, or samples that are NaN or infinite.
    """
    size = round(block_seconds * SAMPLE_RATE)
    held: list[Waveform] = []
    count = 0
    for piece in _decode(path):
        check_finite(piece, str(path))
        held.append(piece)
        count += len(piece)
        while count >= size:
            whole = np.concatenate(held)
            yield whole[:size]
            held, count = [whole[size:]], count - size
    if count:
        yield np.concatenate(held)


def load_audio(path: Path) -> Waveform:
    """Decode a whole file to 16 kHz mono; see `iter_audio` for what is raised."""
    blocks = list(iter_audio(path))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def save_wav(path: Path, blocks: Waveform | Iterable[Waveform]) -> None:
    """Write 16 kHz mono 16-bit PCM, atomically; samples beyond ±1 are clipped."""
    pieces = [blocks] if isinstance(blocks, np.ndarray) else blocks
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        for piece in pieces:
            file.writeframes((np.clip(piece, -1, 1) * 32767).round().astype("<i2").tobytes())


def _decode(path: Path) -> Iterator[Waveform]:
    if not path.is_file():
        raise InputError(f"{path} does not exist or is not a file")
    engine = AudioResampler("flt", "mono", SAMPLE_RATE)
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InputError(f"{path} has no sound track")
            decoded = False
            for frame in container.decode(container.streams.audio[0]):
                decoded = True
                yield _join(engine.resample(frame))
            if decoded:
                yield _join(engine.resample(None))
    except FFmpegError as error:
        raise InputError(f"{path} cannot be decoded as sound: {error.strerror}. Is the file whole?") from error


def _join(frames: list[AudioFrame]) -> Waveform:
    pieces = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
