"""Raw videos as they come in the wild: any codec, container, clock and number of tracks, and damage to their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import av.stream
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray
from tests.raw_clips import landmarks, noise, pictures, write_landmarks

_CLOCK = 90_000  # ticks per second of written time stamps


@dataclass(frozen=True, slots=True)
class Film:
    """A track of RGB pictures, each with its time in seconds; without times it stays empty."""

    shown: Sequence[NDArray[np.uint8]]
    times: Sequence[Fraction]
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    cover: bool = False
    interlaced: bool = False

    def write(self, container: OutputContainer) -> list[av.Packet]:
        """Add the track, and give its packets."""
        height, width = self.shown[0].shape[:2]
        step = min((b - a for a, b in zip(self.times, self.times[1:], strict=False)), default=Fraction(1, 25))
        stream = container.add_stream(self.codec, rate=1 / step, options=self._options())
        stream.width, stream.height, stream.pix_fmt = width, height, self.pix_fmt
        stream.codec_context.thread_count = 1
        clock = step if self.codec == "mpeg4" else Fraction(1, _CLOCK)  # MPEG-4 knows none so fine
        stream.time_base = stream.codec_context.time_base = clock
        if self.cover:
            stream.disposition = av.stream.Disposition.attached_pic
        packets: list[av.Packet] = []
        for picture, time in zip(self.shown, self.times, strict=bool(self.times)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = clock, round(time / clock)
            packets += stream.encode(frame)
        return [*packets, *stream.encode(None)]

    def _options(self) -> dict[str, str]:
        return {**_FAST.get(self.codec, {}), **({"x264-params": "tff=1"} if self.interlaced else {})}


@dataclass(frozen=True, slots=True)
class Sound:
    """A track of sound at 16 kHz mono, shape ``(N,)``; other rates are had by repeating or leaving out samples."""

    waveform: NDArray[np.float32]
    start: Fraction = Fraction(0)
    codec: str = "aac"
    rate: int = 16_000
    layout: str = "mono"

    def write(self, container: OutputContainer) -> list[av.Packet]:
        """Add the track, and give its packets."""
        stream = container.add_stream(self.codec, rate=self.rate, layout=self.layout)
        samples = self.waveform[np.arange(len(self.waveform) * self.rate // 16_000) * 16_000 // self.rate]
        packets: list[av.Packet] = []
        for begin in range(0, len(samples), 1024):
            block = np.repeat(samples[None, begin : begin + 1024], len(stream.layout.channels), axis=0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", self.layout)
            frame.sample_rate, frame.time_base = self.rate, Fraction(1, self.rate)
            frame.pts = begin + round(self.start * self.rate)
            packets += stream.encode(frame)
        return [*packets, *stream.encode(None)]


_FAST = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


faces = cache(pictures)
"""The talking face of `tests.raw_clips`; not to be written to."""


def steady(count: int, rate: int | Fraction = 25, start: Fraction | int = 0) -> list[Fraction]:
    """Times of pictures at a constant rate."""
    return [Fraction(start) + number / Fraction(rate) for number in range(count)]


def film(frames: int = 25, start: Fraction | int = 0, codec: str = "libx264", pix_fmt: str = "yuv420p") -> Film:
    """The talking face at 25 pictures a second."""
    return Film(faces(frames), steady(frames, start=start), codec, pix_fmt)


def mux(path: Path, *tracks: Film | Sound, options: dict[str, str] | None = None, title: str = "") -> Path:
    """Write tracks, in the order of their time, into the container that the suffix tells."""
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update({"title": title} if title else {})
        packets = [packet for track in tracks for packet in track.write(container) if packet.dts is not None]
        for packet in sorted(packets, key=lambda packet: (packet.dts * packet.time_base, packet.stream_index)):
            container.mux(packet)
    return path


def odd(
    path: Path, *tracks: Film | Sound, frames: int = 25, options: dict[str, str] | None = None, title: str = ""
) -> Path:
    """A video with landmarks of so many frames beside it; one second of noise where no sound is given."""
    heard = tracks if any(isinstance(track, Sound) for track in tracks) else (*tracks, Sound(noise(25)))
    write_landmarks(path, landmarks(frames))
    return mux(path, *heard, options=options, title=title)


def cut_short(path: Path, share: float) -> None:
    """Keep the first part of a file only."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    """Replace a mark in a file by another one of the same length."""
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))


def damage_packet(path: Path, kind: str, number: int) -> None:
    """Invert the bytes of one packet of the first track of a kind."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(getattr(container.streams, kind)[0]) if packet.size]
        place, size = packets[number].pos, packets[number].size
    data = bytearray(path.read_bytes())
    data[place + 8 : place + size] = bytes(byte ^ 0xFF for byte in data[place + 8 : place + size])
    path.write_bytes(data)


def turn(path: Path, matrix: Sequence[int]) -> None:
    """Write the upper left 2 x 2 of the display matrix into the first track of an mp4, as phones do."""
    data = bytearray(path.read_bytes())
    begin = data.index(b"tkhd") + 44
    for offset, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[begin + offset : begin + offset + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def two_faces(path: Path, frames: int = 75) -> Path:
    """A still face on the left and one on the right that talks; they change their places in the list of faces."""
    both = [np.concatenate([faces(1)[0], picture], axis=1) for picture in faces(frames)]
    loudness = np.repeat(1 - np.cos(4 * np.pi * np.arange(frames) / 25), 640) + 0.01
    sound = (0.1 * loudness * np.random.default_rng(0).standard_normal(frames * 640)).astype(np.float32)
    mux(path, Film(both, steady(frames)), Sound(sound))
    still, talking = np.repeat(landmarks(1), frames, axis=0), landmarks(frames) + np.float32([160, 0])
    points = np.stack([still, talking], axis=1)
    points[30:50] = points[30:50, ::-1]
    write_landmarks(path, points)
    return path
