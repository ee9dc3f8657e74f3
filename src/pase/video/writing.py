"""Writing pictures with sound as an ordinary mp4 (H.264, AAC)."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform, check_finite
from pase.errors import InputError
from pase.files import atomic_path

_AUDIO_BITS = 96_000
_AAC_BLOCK = 1024


SAME_EVERYWHERE = {"x264-params": "cpu-independent=1"}
"""Of x264: with AVX-512, core 165's weighing of blocks by what refers to them gave other bytes now and then."""


def write_video(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    waveform: Waveform,
    frame_rate: int = 25,
    crf: int = 18,
    preset: str = "veryfast",
) -> None:
    """Write an mp4 with sound, atomically; picture and sound both begin at time 0.

    Encoding uses one thread and no arithmetic of one kind of processor alone, so that the same input gives the same
    file on any machine with the same FFmpeg.

    Args:
        path: The file, ending in ``.mp4``.
        pictures: RGB pictures of one even size, uint8, shape ``(H, W, 3)``; taken one by one.
        waveform: 16 kHz mono, shape ``(N,)``; samples beyond ±1 are clipped.
        frame_rate: Pictures per second (Hz).
        crf: x264's constant rate factor, 0 (lossless) ... 51.
        preset: x264's preset.

    Raises:
        InputError: No picture, pictures of odd or changing size, sound with NaN, or the file cannot be written.
    """
    if path.suffix != ".mp4":
        raise InputError(f"{path} must end in .mp4")
    check_finite(waveform, str(path))
    with atomic_path(path) as temporary:
        try:
            with av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as container:
                options = {"crf": str(crf), "preset": preset, **SAME_EVERYWHERE}
                _write(container, path, pictures, waveform, frame_rate, options)
        except FFmpegError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from error


def _write(
    container: OutputContainer,
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    waveform: Waveform,
    frame_rate: int,
    options: dict[str, str],
) -> None:
    video = container.add_stream("libx264", rate=frame_rate, options=options)
    video.pix_fmt = "yuv420p"
    video.codec_context.thread_count = 1
    audio = container.add_stream(
        "aac", rate=SAMPLE_RATE, layout="mono", bit_rate=_AUDIO_BITS, options={"aac_coder": "fast"}
    )
    count = heard = 0
    for picture in pictures:
        if count == 0:
            _set_size(video, picture, path)
        _write_picture(container, video, picture, count, path)
        count += 1
        # Sound keeps pace with the pictures, so that neither waits in memory for the other.
        until = min(count * SAMPLE_RATE // frame_rate, len(waveform))
        heard = _write_sound(container, audio, waveform, heard, until)
    if count == 0:
        raise InputError(f"{path}: there is no picture to write")
    _write_sound(container, audio, waveform, heard, len(waveform), last=True)
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def _set_size(video: VideoStream, picture: NDArray[np.uint8], path: Path) -> None:
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        raise InputError(f"{path}: H.264 needs an even width and height, the pictures are {width} x {height}")
    video.width, video.height = width, height


def _write_picture(
    container: OutputContainer, video: VideoStream, picture: NDArray[np.uint8], number: int, path: Path
) -> None:
    if picture.dtype != np.uint8 or picture.shape != (video.height, video.width, 3):
        raise InputError(
            f"{path}: picture {number} is {picture.dtype} {picture.shape}, "
            f"expected uint8 {(video.height, video.width, 3)}"
        )
    frame = VideoFrame.from_ndarray(picture, format="rgb24")
    frame.pts = number
    container.mux(video.encode(frame))


def _write_sound(
    container: OutputContainer, audio: AudioStream, waveform: Waveform, start: int, until: int, last: bool = False
) -> int:
    """Encode whole AAC blocks from `start` up to `until`, with the rest in the last call; return where it got."""
    while start + _AAC_BLOCK <= until or (last and start < until):
        block = np.clip(waveform[start : min(start + _AAC_BLOCK, until)], -1, 1).astype(np.float32)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        container.mux(audio.encode(frame))
        start += len(block)
    return start
