"""How the sound, lip crops and lip points of one clip become bytes, and back."""

import io
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext
from av.container.input import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, LIP_POINTS
from pase.errors import InputError
from pase.video.writing import SAME_EVERYWHERE

_FLAC_BLOCK = 4096

_VIDEO_OPTIONS = {
    # Two threads would split the picture into slices, and the bytes would depend on the machine.
    "threads": "1",
    "preset": "medium",
    "crf": "16",
    # No arithmetic coding, no deblocking: a third off the time that training waits for, for 2 KB per second more.
    "tune": "fastdecode",
    # Frames without reordering decode at once. A key frame every 2 s lets a window be decoded without what lies
    # before it, for 5 % more bytes.
    "bf": "0",
    "g": "50",
    **SAME_EVERYWHERE,
}

_POINTS_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f2', 'fortran_order': False, "
    rb"'shape': \((?P<frames>[0-9]{1,9}), %d, 2\), \} *\n" % LIP_POINTS,
    re.DOTALL,
)

# Whatever a file claims: no other decoders, and no memory for pictures that no crop needs.
_LIP_DECODER = {"codec_whitelist": "h264", "max_pixels": str(4 * CROP_SIZE**2)}
_SOUND_DECODER = {"codec_whitelist": "flac"}


def encode_sound(waveform: NDArray[np.float32]) -> bytes:
    """Encode 16 kHz mono float32, shape ``(N,)``, as 16-bit FLAC; samples beyond ±1 are clipped."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE)
        stream.layout = "mono"
        stream.format = "s16"
        for start in range(0, len(waveform), _FLAC_BLOCK):
            block = np.round(waveform[None, start : start + _FLAC_BLOCK] * 32768.0)
            frame = AudioFrame.from_ndarray(np.clip(block, -32768, 32767).astype(np.int16), "s16", "mono")
            frame.sample_rate = SAMPLE_RATE
            frame.time_base = Fraction(1, SAMPLE_RATE)
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def decode_sound(data: bytes, stop: int | None = None) -> NDArray[np.float32]:
    """Inverse of `encode_sound`, up to the rounding to 16 bits.

    Args:
        data: What `encode_sound` gave.
        stop: Sample after the last that is wanted; None for the end. No more is decoded, whatever the data claim.

    Returns:
        16 kHz mono float32, shape ``(N,)``.

    Raises:
        InputError: No FLAC of 16 kHz mono.
    """
    try:
        with _open(data, "flac", _SOUND_DECODER) as container:
            pieces = list(_sound_pieces(container, stop))
    except (FFmpegError, IndexError) as error:
        raise InputError(f"the sound cannot be decoded: {error}") from error
    if not pieces:
        raise InputError("the sound is empty")
    return np.concatenate(pieces)[:stop].astype(np.float32) / np.float32(32768)


def _sound_pieces(container: InputContainer, stop: int | None) -> Iterator[NDArray[Any]]:
    stream = container.streams.audio[0]
    _set_up(stream.codec_context, _SOUND_DECODER)
    length = 0
    for frame in container.decode(stream):
        found = (frame.sample_rate, frame.layout.nb_channels, frame.format.name)
        if found != (SAMPLE_RATE, 1, "s16"):
            raise InputError(f"sound of {found[0]} Hz with {found[1]} channels as {found[2]}, not 16 kHz mono s16")
        yield np.frombuffer(bytes(frame.planes[0]), np.int16, frame.samples)  # to_ndarray takes as long as decoding
        length += frame.samples
        if stop is not None and length >= stop:
            return


def encode_lips(lips: NDArray[np.uint8]) -> bytes:
    """Encode RGB lip crops, shape ``(T, 96, 96, 3)``, as H.264 in mp4 at 25 frames per second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options=_VIDEO_OPTIONS)
        stream.width = stream.height = CROP_SIZE
        # Full chroma resolution: teeth, tongue and lips differ mostly in colour, at a width of a few pixels.
        stream.pix_fmt = "yuv444p"
        for number, picture in enumerate(lips):
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            frame.time_base = Fraction(1, FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def decode_lips(data: bytes, start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
    """Inverse of `encode_lips`, up to compression; equals ``decode_lips(data)[start:stop]``, bit for bit.

    Decoding begins at the key frame before `start` and ends at `stop`, so a window costs little more than its length.

    Args:
        data: What `encode_lips` gave.
        start: First frame, not negative.
        stop: Frame after the last; None for the end. Never are more frames decoded, whatever the data claim.

    Returns:
        RGB, shape ``(T, 96, 96, 3)``; ``T`` is 0 where the window lies beyond the end.

    Raises:
        InputError: No video of 96 x 96 pixels with a picture every 1/25 s.
    """
    if start < 0 or (stop is not None and stop < 0):
        raise InputError(f"lip crops {start} to {stop} were asked for; frames are counted from 0")
    try:
        with _open(data, "mp4", _LIP_DECODER) as container:
            pictures = list(_pictures(container, start, stop))
    except (FFmpegError, IndexError) as error:
        raise InputError(f"the lip crops cannot be decoded: {error}") from error
    lips: NDArray[np.uint8] = np.stack(pictures) if pictures else np.empty((0, CROP_SIZE, CROP_SIZE, 3), np.uint8)
    return lips


def _pictures(container: InputContainer, start: int, stop: int | None) -> Iterator[NDArray[Any]]:
    stream = container.streams.video[0]
    _set_up(stream.codec_context, _LIP_DECODER)
    # One converter for all frames, with one thread: set up anew for each frame it costs more than decoding.
    convert = VideoReformatter().reformat
    if start:
        container.seek(round(start / FRAME_RATE / (stream.time_base or 1)), stream=stream)
    expected: int | None = None
    for frame in container.decode(stream):
        number = _number(frame)
        # The first is 0, or the key frame that was sought.
        if number != expected and (expected is not None or number > start):
            raise InputError(f"the lip crops have frame {number} where {expected or start} should be")
        if stop is not None and number >= stop:
            return
        expected = number + 1
        if number >= start:
            yield convert(frame, format="rgb24", threads=1).to_ndarray()
    if expected is None:
        raise InputError("the lip crops hold no picture")


def _number(frame: VideoFrame) -> int:
    """Place of a frame in the clip, by its time."""
    if (frame.width, frame.height) != (CROP_SIZE, CROP_SIZE):
        raise InputError(f"the lip crops are {frame.width} x {frame.height} pixels, not {CROP_SIZE} x {CROP_SIZE}")
    if frame.time is None:
        raise InputError("the lip crops have a frame without a time")
    return round(frame.time * FRAME_RATE)


def encode_points(points: NDArray[np.float32]) -> bytes:
    """Lip points, shape ``(T, 40, 2)`` in eye distances, as a float16 ``.npy`` (finer than 1/20 pixel of the crop).

    Raises:
        InputError: A coordinate is no finite number of float16.
    """
    rounded = points.astype(np.float16)
    _check_points(rounded)
    buffer = io.BytesIO()
    np.save(buffer, rounded, allow_pickle=False)
    return buffer.getvalue()


def decode_points(data: bytes) -> NDArray[np.float32]:
    """Inverse of `encode_points`.

    Raises:
        InputError: Not a float16 array of lip points, or of another length than its header says.
    """
    # numpy's own reader makes room for the shape that a header claims before it looks at what follows.
    header = _POINTS_HEADER.match(data)
    if header is None:
        raise InputError(f"the lip points are no .npy of float16 (T, {LIP_POINTS}, 2): they begin with {data[:80]!r}")
    content = data[header.end() :]
    frames = int(header["frames"])
    if len(content) != frames * LIP_POINTS * 4:
        raise InputError(f"the lip points claim {frames} frames and have {len(content)} bytes")
    points = np.frombuffer(content, np.float16).reshape(frames, LIP_POINTS, 2)
    _check_points(points)
    return points.astype(np.float32)


def _check_points(points: NDArray[np.float16]) -> None:
    if not np.isfinite(points).all():
        raise InputError("the lip points have coordinates that are no finite numbers")


def _open(data: bytes, container: str, options: dict[str, str]) -> InputContainer:
    return av.open(io.BytesIO(data), "r", format=container, options=options, metadata_errors="replace")


def _set_up(decoder: CodecContext | None, options: dict[str, str]) -> None:
    if decoder is None:
        raise InputError("it names a codec that is not known")
    decoder.thread_count = 1
    decoder.options = options
