"""The stages that turn one source clip into an encoded clip of the corpus.

Each stage takes what it needs and gives a value; `prepare_clip` runs them one after another and names the one that
could not go on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, Clip, ClipRecord
from pase.corpus.recipes import SourceClip
from pase.corpus.sound import MAX_SECONDS, fit_to_picture, read_sound
from pase.corpus.store import EncodedClip
from pase.errors import InputError, UnusableClipError
from pase.phonemes.aligners.base import Aligner
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.textgrid import read_textgrid
from pase.phonemes.words import words_of
from pase.video.faces import FaceLandmarker, read_sidecar
from pase.video.lip_crop import crop_clip, track_face
from pase.video.reading import Picture, first_picture_time, iter_frames

Locate = Callable[[SourceClip], NDArray[np.float32]]
"""From a clip to its landmarks; see `prepare_clip`."""


class StageError(InputError):
    """A clip that a stage refused.

    Attributes:
        stage: Name of the stage.
        reason: One word or several joined by ``_``.
    """

    def __init__(self, stage: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in a clip.

    Attributes:
        text: The transcript, empty where none is known.
        phones: The phones in time, or None.
        remarks: Repairs and doubts, for people.
    """

    text: str = ""
    phones: PhoneTrack | None = None
    remarks: tuple[str, ...] = ()


def prepare_clip(clip: SourceClip, locate: Locate) -> tuple[EncodedClip, tuple[str, ...]]:
    """Run all stages on one clip.

    Args:
        clip: From a recipe.
        locate: Gives the face landmarks of each frame in pixels, shape ``(T, 46, 2)``, NaN in frames without a face.

    Returns:
        The encoded clip, and remarks for people.

    Raises:
        StageError: The clip cannot be used.
        MissingExtraError: Something is missing that every clip needs.
    """
    with _stage("decode", "undecodable"):
        start = first_picture_time(clip.video)
        sound = read_sound(clip.video, start)
    with _stage("landmarks", "bad_landmarks"):
        points = locate(clip)
    with _stage("decode", "undecodable"):
        waveform = fit_to_picture(sound, len(points))
    with _stage("crop", "bad_landmarks"):
        track = track_face(points)
        lips = crop_clip(_frames(clip.video), track, CROP_SIZE)
    with _stage("phones", "bad_phones"):
        speech = find_phones(clip, waveform, _aligner())
    with _stage("encode", "unencodable"):
        record = ClipRecord(
            clip_id=clip.clip_id,
            speaker=clip.speaker,
            split=clip.split,
            frames=len(lips),
            samples=len(waveform),
            text=speech.text,
            phones=speech.phones,
            shard="",
            source=clip.source,
        )
        return EncodedClip.encode(Clip(record, waveform, lips, track.lip_points)), speech.remarks


def given_landmarks(clip: SourceClip) -> NDArray[np.float32]:
    """Landmarks from the clip's sidecar file."""
    return read_sidecar(clip.landmarks)


def detected_landmarks(clip: SourceClip, face_model: Path) -> NDArray[np.float32]:
    """Landmarks that MediaPipe finds."""
    with FaceLandmarker(face_model) as landmarker:
        return landmarker.points(_frames(clip.video), FRAME_RATE)


def find_phones(clip: SourceClip, waveform: Waveform, aligner: Aligner) -> Speech:
    """The phones of a clip: from its TextGrid, else aligned from its words, else none.

    Raises:
        UnusableClipError: The TextGrid or transcript cannot be used, or does not fit the sound.
    """
    remarks: tuple[str, ...] = ()
    words = _words(clip)
    text = " ".join(words)
    if clip.textgrid is not None:
        try:
            grid = read_textgrid(clip.textgrid, len(waveform) / SAMPLE_RATE)
        except InputError as error:
            raise UnusableClipError("bad_textgrid", str(error)) from error
        remarks = grid.reports
        words = words or tuple(interval.word for interval in grid.words)
        text = " ".join(words)
        if grid.phones is not None:
            return Speech(text, grid.phones, remarks)
    if not words:
        return Speech(text, None, remarks)
    alignment = aligner.align(waveform, words)
    if alignment.phones is None:
        reason = "out_of_vocabulary" if alignment.status == "out_of_vocabulary" else "transcript_does_not_fit"
        where = clip.transcript or clip.textgrid or clip.video
        raise UnusableClipError(reason, f"the words of {where} ({text!r}): {alignment.reason}")
    return Speech(text, alignment.phones, remarks)


def _words(clip: SourceClip) -> tuple[str, ...]:
    if clip.transcript is None:
        return words_of(clip.text)
    try:
        if clip.transcript.suffix == ".align":
            return tuple(interval.word for interval in read_grid_align(clip.transcript))
        return words_of(clip.transcript.read_text(encoding="utf-8-sig"))
    except InputError as error:
        raise UnusableClipError("bad_transcript", str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableClipError("bad_transcript", f"{clip.transcript} cannot be read as UTF-8: {error}") from error


def _frames(video: Path) -> Iterable[Picture]:
    for number, picture in enumerate(iter_frames(video, FRAME_RATE)):
        if number >= MAX_SECONDS * FRAME_RATE:
            raise UnusableClipError("too_long", f"{video} is longer than {MAX_SECONDS} s; cut it into shorter clips")
        yield picture


@cache
def _aligner() -> Aligner:
    """One aligner per process."""
    return PocketSphinxAligner()


@contextmanager
def _stage(name: str, default_reason: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        reason = error.reason if isinstance(error, UnusableClipError) else default_reason
        raise StageError(name, reason, str(error)) from error
