"""Engines that are programs of their own, found on the PATH, which write a sound file and name their phones."""

import os
import shutil
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pase.audio.waveform import Waveform
from pase.corpus.synthetic.voices.engine import Spoken
from pase.errors import InputError, PaseError
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import LabelledInterval, phones_of_labels

_SECONDS = 60.0  # for one sentence, which takes less than one


def missing_program(program: str, package: str) -> str | None:
    """What to do where a program is not on the PATH; None where it is."""
    if shutil.which(program) is not None:
        return None
    return f"the program {program!r} is not on the PATH; install it, on Debian and Ubuntu: apt install {package}"


def run(command: Sequence[str], said: str = "") -> str:
    """Run an engine for one sentence and return what it printed.

    Args:
        command: Program and arguments.
        said: What it reads from its standard input.

    Raises:
        PaseError: It is not there, failed, or did not come back.
    """
    environment = {**os.environ, "LC_ALL": "C"}  # numbers with a decimal point
    try:
        done = subprocess.run(
            command, input=said, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PaseError(f"{command[0]} cannot speak: {error}") from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise PaseError(f"{command[0]} ended with status {done.returncode}: {last[0]}")
    return done.stdout


def spoken(engine: str, sound: Path, ends: Sequence[tuple[str, float]]) -> Spoken:
    """Sound and phones of a sentence.

    Args:
        engine: Name for messages.
        sound: WAV file, mono, 16 bits.
        ends: The engine's label of each phone, in ARPAbet's spelling, and where it ends in seconds.

    Raises:
        PaseError: No sound, nothing but silence, times that do not rise, or a phone that is unknown.
    """
    waveform, sample_rate = _read_wav(engine, sound)
    starts = [0.0, *(end for _, end in ends)]
    segments = [LabelledInterval(label, start, end) for (label, end), start in zip(ends, starts, strict=False)]
    try:
        phones = PhoneTrack(phones_of_labels(segments))
    except InputError as error:
        raise PaseError(f"{engine} named phones that cannot be: {error}") from error
    if all(interval.phone == SILENCE for interval in phones.intervals):
        raise PaseError(f"{engine} spoke nothing")
    return Spoken(waveform, sample_rate, phones)


def _read_wav(engine: str, path: Path) -> tuple[Waveform, int]:
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise PaseError(
                    f"{engine} wrote {file.getnchannels()} channels of {file.getsampwidth()} bytes, not 1 of 2"
                )
            pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return (pcm / 32768).astype(np.float32), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise PaseError(f"{engine} wrote no WAV file: {error!r}") from error
