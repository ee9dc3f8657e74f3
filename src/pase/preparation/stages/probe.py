"""What a video or sound file says of itself, before anything costly is done with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import InputContainer

from pase.errors import UnusableClipError
from pase.preparation.sound import MAX_SECONDS
from pase.preparation.stage import Stage, StageResult, value_of
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.video.media import open_media, sound_track, video_track
from pase.video.reading import first_picture


@dataclass(frozen=True, slots=True)
class Facts:
    """What the probe found.

    Attributes:
        container: FFmpeg's name of the format.
        video_codec: FFmpeg's name of the codec; empty for speech without a picture.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        frame_rate: Pictures per second on average (Hz), 0 where the file does not say.
        rotation: Degrees by which the file asks to turn its pictures.
        start: Time stamp of the first picture in seconds, a fraction such as ``"1/25"``.
        audio_codec: FFmpeg's name of the codec of the sound; empty where there is none.
        sample_rate: Of the sound, in Hz.
        channels: Of the sound.
        seconds: Length that the file announces; 0 where it does not.
        own_sound: Whether the sound is in the video file.
    """

    container: str
    video_codec: str
    width: int
    height: int
    frame_rate: float
    rotation: int
    start: str
    audio_codec: str
    sample_rate: int
    channels: int
    seconds: float
    own_sound: bool


@dataclass(frozen=True, slots=True)
class ProbeStage(Stage):
    """Opens the file, looks at its tracks, and decodes one picture.

    Attributes:
        keep_silent: Let videos without a sound track pass.
    """

    name = "probe"

    keep_silent: bool = False

    def settings(self) -> Mapping[str, Any]:
        """What becomes of silent videos."""
        return {"silent_videos": "keep"} if self.keep_silent else {}

    def listed(self, video: SourceVideo) -> tuple[str, ...]:
        """Whether a picture is looked for."""
        return () if video.seen else ("speech",)

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video, and the sound where it is a file of its own."""
        return (video.video,) if video.audio is None else (video.video, video.audio)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Look into the files."""
        facts = probe(video.video, video.audio, self.keep_silent) if video.seen else probe_speech(video.video)
        return StageResult(asdict(facts))


def load_facts(work: WorkFolder, name: str) -> Facts:
    """What the probe found of a video."""
    return Facts(**value_of(work, ProbeStage.name, name))


def probe(video: Path, audio: Path | None = None, keep_silent: bool = False) -> Facts:
    """Look into a video, and into a file with its sound where the video has none.

    Args:
        video: The video file.
        audio: A file with its sound.
        keep_silent: Whether there may be no sound at all.

    Raises:
        UnusableClipError: A file is missing, empty, of no known format, lacks a track, or is too long.
    """
    first = first_picture(video)
    turned = first.rotation % 180 != 0
    with open_media(video) as container:
        pictures = video_track(video, container)
        seconds = _length(video, container)
        name, codec, rate = container.format.name, pictures.codec_context.name, float(pictures.average_rate or 0)
        own_sound = bool(container.streams.audio)
    silent = keep_silent and not own_sound and audio is None
    heard = _NO_SOUND if silent else _probe_sound(video if own_sound or audio is None else audio)
    return Facts(
        container=name,
        video_codec=codec,
        width=first.height if turned else first.width,
        height=first.width if turned else first.height,
        frame_rate=round(rate, 4),
        rotation=first.rotation,
        start=str(Fraction(first.pts or 0) * Fraction(first.time_base or 0)),
        audio_codec=heard.codec,
        sample_rate=heard.rate,
        channels=heard.channels,
        seconds=round(seconds, 3),
        own_sound=own_sound,
    )


def probe_speech(path: Path) -> Facts:
    """Look into a sound file that has no picture, or whose picture does not count.

    Raises:
        UnusableClipError: As `probe`.
    """
    heard = _probe_sound(path)
    return Facts(
        container=heard.container,
        video_codec="",
        width=0,
        height=0,
        frame_rate=0.0,
        rotation=0,
        start="0",
        audio_codec=heard.codec,
        sample_rate=heard.rate,
        channels=heard.channels,
        seconds=round(heard.seconds, 3),
        own_sound=True,
    )


@dataclass(frozen=True, slots=True)
class _Sound:
    """What a file says of its sound: format, length in seconds, codec, rate in Hz, channels."""

    container: str
    seconds: float
    codec: str
    rate: int
    channels: int


_NO_SOUND = _Sound("", 0.0, "", 0, 0)


def _probe_sound(path: Path) -> _Sound:
    with open_media(path) as container:
        heard = sound_track(path, container).codec_context
        length = _length(path, container)
        return _Sound(container.format.name, length, heard.name, heard.sample_rate, heard.channels)


def _length(path: Path, container: InputContainer) -> float:
    """Seconds; Matroska counts them from time 0, even if the first picture comes hours later."""
    start = max(0, container.start_time or 0) if "matroska" in container.format.name else 0
    seconds = float(((container.duration or 0) - start) / 1_000_000)
    if seconds > MAX_SECONDS:
        raise UnusableClipError("too_long", f"{path} is longer than {MAX_SECONDS // 3600} hours; cut it first")
    return seconds
