"""What a video file says of itself, before anything costly is done with it."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

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
        video_codec: FFmpeg's name of the codec.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        frame_rate: Pictures per second on average (Hz), 0 where the file does not say.
        rotation: Degrees by which the file asks to turn its pictures.
        start: Time stamp of the first picture in seconds, a fraction such as ``"1/25"``.
        audio_codec: FFmpeg's name of the codec of the sound.
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


class ProbeStage(Stage):
    """Opens the file, looks at its tracks, and decodes one picture."""

    name = "probe"

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """The video, and the sound where it is a file of its own."""
        return (video.video,) if video.audio is None else (video.video, video.audio)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Look into the files."""
        return StageResult(asdict(probe(video.video, video.audio)))


def load_facts(work: WorkFolder, name: str) -> Facts:
    """What the probe found of a video."""
    return Facts(**value_of(work, ProbeStage.name, name))


def probe(video: Path, audio: Path | None = None) -> Facts:
    """Look into a video, and into a file with its sound where the video has none.

    Raises:
        UnusableClipError: A file is missing, empty, of no known format, lacks a track, or is too long.
    """
    first = first_picture(video)
    turned = first.rotation % 180 != 0
    with open_media(video) as container:
        pictures = video_track(video, container)
        seconds = _length(container)
        if seconds > MAX_SECONDS:
            raise UnusableClipError("too_long", f"{video} is longer than {MAX_SECONDS // 3600} hours; cut it first")
        name, codec, rate = container.format.name, pictures.codec_context.name, float(pictures.average_rate or 0)
        own_sound = bool(container.streams.audio)
    sound = video if own_sound or audio is None else audio
    with open_media(sound) as container:
        heard = sound_track(sound, container).codec_context
        return Facts(
            container=name,
            video_codec=codec,
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
            frame_rate=round(rate, 4),
            rotation=first.rotation,
            start=str(Fraction(first.pts or 0) * Fraction(first.time_base or 0)),
            audio_codec=heard.name,
            sample_rate=heard.sample_rate,
            channels=heard.channels,
            seconds=round(seconds, 3),
            own_sound=own_sound,
        )


def _length(container: InputContainer) -> float:
    """Seconds; Matroska counts them from time 0, even if the first picture comes hours later."""
    start = max(0, container.start_time or 0) if "matroska" in container.format.name else 0
    return float(((container.duration or 0) - start) / 1_000_000)
