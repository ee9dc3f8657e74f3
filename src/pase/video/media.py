"""Opening video and sound files and decoding their tracks, with what is wrong with them told as a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, overload

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pase.errors import UnusableClipError

AnyStream = TypeVar("AnyStream", VideoStream, AudioStream)

_LISTS = frozenset({"concat", "dash", "hls", "imf", "sdp"})
"""Formats that are lists of other files, which nobody would notice to change or to lie elsewhere."""


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a video or sound file.

    Raises:
        UnusableClipError: No such file, one that cannot be read, an empty one, or none that FFmpeg knows.
    """
    _check_readable(path)
    try:
        container = av.open(str(path), "r", metadata_errors="replace")  # titles come in any encoding
    except FFmpegError as error:
        raise UnusableClipError(
            "undecodable", f"{path} cannot be opened as a video or sound file: {error.strerror}. Is the file whole?"
        ) from error
    with container:
        if container.format.name in _LISTS:
            raise UnusableClipError("undecodable", f"{path} is a list of other files ({container.format.name})")
        yield container


def _check_readable(path: Path) -> None:
    try:
        if not path.is_file():  # opening a pipe might never come back
            raise UnusableClipError("no_file", f"{path} does not exist or is not a file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise UnusableClipError(
            "unreadable", f"{path} cannot be read: {error.strerror}. Mend its permissions, or copy it again."
        ) from error
    if empty:
        raise UnusableClipError("undecodable", f"{path} is empty (0 bytes); copy or download it again")


def video_track(path: Path, container: InputContainer) -> VideoStream:
    """The first video track; a cover picture is none.

    Raises:
        UnusableClipError: There is none, or no decoder for it.
    """
    tracks = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not tracks:
        found = "only a cover picture" if container.streams.video else "no video track"
        raise UnusableClipError("no_picture", f"{path} has {found} (format {container.format.name})")
    return _decodable(path, tracks[0])


def sound_track(path: Path, container: InputContainer) -> AudioStream:
    """The first sound track.

    Raises:
        UnusableClipError: There is none, or no decoder for it.
    """
    if not container.streams.audio:
        raise UnusableClipError("no_sound", f"{path} has no sound track (format {container.format.name})")
    return _decodable(path, container.streams.audio[0])


@overload
def decode(path: Path, container: InputContainer, track: VideoStream) -> Iterator[VideoFrame]: ...
@overload
def decode(path: Path, container: InputContainer, track: AudioStream) -> Iterator[AudioFrame]: ...
def decode(
    path: Path, container: InputContainer, track: VideoStream | AudioStream
) -> Iterator[VideoFrame] | Iterator[AudioFrame]:
    """Decode one track.

    Raises:
        UnusableClipError: It is damaged.
    """
    # Clips are decoded side by side in processes; threads within one only get into each other's way.
    track.codec_context.thread_count = 1
    time = 0.0
    try:
        frames: Iterator[Any] = container.decode(track)
        for frame in frames:
            time = frame.time or time
            yield frame
    except FFmpegError as error:  # whose own words are at times misleading: "Operation not permitted"
        kind = "picture" if track.type == "video" else "sound"
        raise UnusableClipError(
            "undecodable", f"the {kind} of {path} is damaged after {time:.2f} s. Is the file whole? Copy it again."
        ) from error


def _decodable(path: Path, track: AnyStream) -> AnyStream:
    if track.codec_context is None:
        raise UnusableClipError(
            "unknown_codec", f"there is no decoder for the {track.type} track of {path}; convert it first"
        )
    return track
