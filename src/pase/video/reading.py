"""Reading the pictures of a video by time, whatever its frame rate, in constant memory."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pase.errors import UnusableClipError
from pase.video.media import decode, open_media, video_track

Picture = NDArray[np.uint8]
"""RGB, shape ``(H, W, 3)``, contiguous."""

MAX_STILL = Fraction(1)
"""A picture that is shown for longer than this many seconds is a gap in the file, not a talking face."""

_MISSING_TAIL = Fraction(1, 4)  # seconds that may lack at the end against what the file announces


def iter_frames(path: Path, frame_rate: int) -> Iterator[Picture]:
    """Decode a video to a constant frame rate.

    Frame *i* is the picture that is shown at ``(i + 0.5) / frame_rate`` seconds after the first picture appears, so a
    video that already has this rate keeps its frames one by one. Rotation metadata (phones) is applied.

    Args:
        path: Any video file; its first video track is taken.
        frame_rate: Frames per second (Hz) to resample to.

    Yields:
        RGB pictures, uint8, shape ``(H, W, 3)``. Repeated pictures are the same array: do not write to it.

    Raises:
        UnusableClipError: No such file, no video track, no picture, damaged, or shorter than it announces.
    """
    convert = VideoReformatter()
    number = 0
    for frame, until in _shown(path):
        if (number + Fraction(1, 2)) / frame_rate >= until:
            continue
        picture = _to_rgb(path, frame, convert)
        while (number + Fraction(1, 2)) / frame_rate < until:
            yield picture
            number += 1
    if number == 0:
        raise UnusableClipError("no_picture", f"{path} holds no picture: its video track is empty")


def first_picture(path: Path) -> VideoFrame:
    """The first picture that carries a time stamp, which is on the clock that it shares with the file's sound.

    Raises:
        UnusableClipError: As `iter_frames`.
    """
    for frame in _stamped(path):
        return frame
    raise UnusableClipError("no_picture", f"{path} holds no picture: its video track is empty")


def _stamped(path: Path) -> Iterator[VideoFrame]:
    """Decoded frames that carry a time stamp, in rising order of time.

    Damaged pictures are left out at the beginning, where a stream was cut before its first key frame.
    """
    last: Fraction | None = None
    with open_media(path) as container:
        track = video_track(path, container)
        for frame in decode(path, container, track):
            if frame.pts is None or frame.time_base is None or (last is not None and _time(frame) <= last):
                continue
            if frame.is_corrupt and last is None:
                continue
            if frame.is_corrupt:
                raise UnusableClipError(
                    "undecodable",
                    f"the picture of {path} is damaged at {float(_time(frame)):.2f} s. Is the file whole?",
                )
            last = _time(frame)
            yield frame
        _check_whole(path, track, last)


def _shown(path: Path) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Each frame with the time until which it is shown, in seconds from the first."""
    held: VideoFrame | None = None
    start = step = Fraction(0)
    for frame in _stamped(path):
        if held is None:
            start = _time(frame)
        else:
            step = _time(frame) - _time(held)
            if step > MAX_STILL:
                raise UnusableClipError(
                    "picture_gap",
                    f"{path} has no picture from {float(_time(held) - start):.2f} s to "
                    f"{float(_time(frame) - start):.2f} s",
                )
            yield held, _time(frame) - start
        held = frame
    if held is not None:
        yield held, _time(held) - start + _last_duration(held, step)


def _last_duration(frame: VideoFrame, step: Fraction) -> Fraction:
    """How long the last picture is shown: as the file says, else as the one before."""
    stated = Fraction(frame.duration or 0) * (frame.time_base or 0)
    return min(stated or step or Fraction(1, 25), MAX_STILL)


def _check_whole(path: Path, track: VideoStream, last: Fraction | None) -> None:
    """Compare the last picture with the length that the track announces."""
    if last is None:
        return
    if track.duration is not None and track.time_base is not None:
        announced = (track.duration + (track.start_time or 0)) * track.time_base
    else:
        announced = _stated_length(track)
    rate = track.average_rate or track.guessed_rate or 25
    if announced - last - 1 / Fraction(rate) > _MISSING_TAIL:
        raise UnusableClipError(
            "truncated",
            f"{path} announces {float(announced):.2f} s of video and ends after {float(last):.2f} s: it is not whole",
        )


def _stated_length(track: VideoStream) -> Fraction:
    """Matroska may tell the end of each track, as ``00:01:02.345000000``; 0 where it does not."""
    stated = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", track.metadata.get("DURATION", ""))
    if stated is None:
        return Fraction(0)
    hours, minutes, seconds = map(Fraction, stated.groups())
    return hours * 3600 + minutes * 60 + seconds


def _time(frame: VideoFrame) -> Fraction:
    return Fraction(frame.pts or 0) * Fraction(frame.time_base or 0)


def _to_rgb(path: Path, frame: VideoFrame, convert: VideoReformatter) -> Picture:
    try:
        picture = convert.reformat(frame, format="rgb24", threads=1).to_ndarray()
    except FFmpegError as error:
        raise UnusableClipError(
            "undecodable", f"{path}: pictures of format {frame.format.name} cannot be turned into RGB; convert it first"
        ) from error
    # FFmpeg pads its lines; a view with such strides is silently misread by MediaPipe.
    return np.ascontiguousarray(np.rot90(picture, k=round(frame.rotation / 90)), dtype=np.uint8)
