"""How long is the subject's sound, by its file's own account? Nothing is decoded."""

from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file.

    Attributes:
        path: The file.
        duration: Seconds.
        sample_rate: Of its first sound track (Hz).
    """

    path: Path
    duration: float
    sample_rate: int


def read_sound(path: Path) -> Sound:
    """Read length and rate.

    Raises:
        InputError: It is no sound, or does not tell its length.
    """
    import av  # a tenth of a second, and not needed where there is no sound
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InputError(f"{path} has no sound track")
            stream = container.streams.audio[0]
            if stream.duration is not None and stream.time_base is not None:
                duration = float(stream.duration * stream.time_base)
            else:
                duration = (container.duration or 0) / av.time_base
            rate = stream.codec_context.sample_rate
    except (FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as sound: {getattr(error, 'strerror', None) or error}") from error
    if not duration > 0:
        raise InputError(f"{path} holds no sound, or does not tell how long it is: convert it to WAV")
    return Sound(path, duration, rate)
