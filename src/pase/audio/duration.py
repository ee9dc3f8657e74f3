"""How long a sound is."""

from pathlib import Path

import av
from av.error import FFmpegError

from pase.audio.waveform import SAMPLE_RATE, iter_audio
from pase.errors import InputError


def duration_of(path: Path) -> float:
    """Length of a file's first sound track in seconds, from its header where that says so, else by decoding.

    Raises:
        InputError: Absent, no sound track, nothing in it, or undecodable.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist or is not a file")
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InputError(f"{path} has no sound track")
            stream = container.streams.audio[0]
            if stream.duration and stream.time_base:
                return float(stream.duration * stream.time_base)
    except FFmpegError as error:
        raise InputError(f"{path} cannot be read as sound: {error.strerror}. Is the file whole?") from error
    samples = sum(map(len, iter_audio(path)))
    if samples == 0:
        raise InputError(f"{path} holds no sound")
    return samples / SAMPLE_RATE
