"""Can videos be written and read? Tried with a few pictures, by the code that `pase prepare` uses."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pase.doctor.check import Result, Status
from pase.errors import PaseError

_PICTURES, _SIZE = 10, 64
_FRAME_RATE = 25  # Hz
_LARGEST_ERROR = 8.0
"""Mean difference of a pixel (of 255) by which a lossy picture may come back."""

_READ = {
    "mpeg1video": "MPEG-1, GRID's own videos",
    "hevc": "HEVC, many phones' videos",
    "vp9": "VP9, videos of web sites",
}
"""Decoders that corpora may need beside H.264, and what for."""


_QUIET = {"x265-params": "log-level=none"}
"""x265 tells of its work; other encoders do not know this option and pass it over."""


def check_video() -> Iterator[Result]:
    """Write an mp4 of H.264 and AAC, and read it again."""
    from pase.audio.waveform import SAMPLE_RATE, load_audio
    from pase.video.reading import iter_frames
    from pase.video.writing import write_video

    pictures = _pictures()
    seconds = len(pictures) / _FRAME_RATE
    waveform = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    with tempfile.TemporaryDirectory(prefix="pase-doctor-") as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, pictures, waveform.astype(np.float32), _FRAME_RATE)
        back = np.stack(list(iter_frames(path, _FRAME_RATE)))
        heard = load_audio(path)
    yield judge_video(pictures, back, float(np.abs(heard).max()))


def judge_video(pictures: np.ndarray, back: np.ndarray, peak: float) -> Result:
    """Compare what was written with what came back.

    Args:
        pictures: As written, uint8, shape ``(T, H, W, 3)``.
        back: As read.
        peak: Of the sound that was read; a tone of 0.3 was written.
    """
    name, advice = "video H.264", "reinstall the wheel of av, which brings FFmpeg: pip install --force-reinstall av"
    if back.shape != pictures.shape:
        found = f"pictures of shape {pictures.shape} were written and {back.shape} came back"
        return Result(name, Status.PROBLEM, found, advice)
    error = float(np.abs(back.astype(np.float32) - pictures).mean())
    if error > _LARGEST_ERROR or not 0.15 < peak < 0.6:
        found = f"pictures came back with an error of {error:.1f} of 255, a tone of 0.30 as {peak:.2f}"
        return Result(name, Status.PROBLEM, found, advice)
    found = f"{len(pictures)} pictures with sound written and read, mean error {error:.1f} of 255"
    return Result(name, Status.OK, found)


def check_decoders() -> Iterator[Result]:
    """Look for the other decoders, and use each where there is an encoder to make something for it."""
    for codec, purpose in _READ.items():
        yield _decoder(codec, purpose)


def _decoder(codec: str, purpose: str) -> Result:
    from av.codec.codec import Codec, UnknownCodecError
    from av.error import FFmpegError

    name = f"video {purpose.partition(',')[0]}"
    try:
        Codec(codec, "r")
    except UnknownCodecError:
        advice = f"needed for {purpose.partition(', ')[2]} alone; install the wheel of av, or convert them to H.264"
        return Result(name, Status.WARNING, f"FFmpeg has no decoder {codec}", advice)
    try:
        encoder = Codec(codec, "w")
    except UnknownCodecError:
        return Result(name, Status.OK, "a decoder is there; not tried, because there is no encoder to make a file with")
    try:
        count = _round_trip(encoder.name)
    except FFmpegError as error:
        return Result(name, Status.WARNING, f"encoding and decoding failed: {error}", "convert such videos to H.264")
    if count != _PICTURES:
        found = f"{_PICTURES} pictures were encoded and {count} decoded"
        return Result(name, Status.WARNING, found, "convert such videos to H.264")
    return Result(name, Status.OK, f"{count} pictures encoded and decoded")


def _round_trip(encoder: str) -> int:
    """Encode pictures into a Matroska file in memory and decode it; returns how many came back."""
    import av
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as container:
        stream = container.add_stream(encoder, rate=_FRAME_RATE, options=_QUIET)
        if not isinstance(stream, VideoStream):
            raise PaseError(f"{encoder} is no video encoder")
        stream.width = stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(_pictures()):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as container:
        return sum(1 for _ in container.decode(video=0))


def _pictures() -> np.ndarray:
    """A bright field that moves over a ramp, uint8, shape ``(T, H, W, 3)``."""
    ramp = np.tile(np.linspace(40, 120, _SIZE, dtype=np.uint8), (_SIZE, 1))
    pictures = np.repeat(np.repeat(ramp[None, :, :, None], _PICTURES, 0), 3, 3)
    for number, picture in enumerate(pictures):
        picture[20:40, 2 * number : 2 * number + 20] = 200
    return pictures
