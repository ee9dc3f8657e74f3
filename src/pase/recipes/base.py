"""What a recipe is, what it lists, and the checks that hold for every list."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pase.corpus.clip import SPLITS
from pase.errors import InputError
from pase.recipes.transcripts import TranscriptFormat

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv"))

LANDMARK_SUFFIX = ".landmarks.npz"

_LONGEST_NAME = 72
_PIECE = re.compile(r"--\d+$")  # how preparation numbers the clips of one video


@dataclass(frozen=True, slots=True)
class SourceVideo:
    """One video of a raw corpus; preparation makes one clip of it, or several.

    Attributes:
        name: Unique; made from the path by `name_of`.
        speaker: The person, or the folder that stands for one.
        video: The video file.
        path: Its path relative to the source folder, with ``/``.
        split: ``"train"``, ``"validation"`` or ``"test"``; empty where the corpus does not say.
        audio: The sound, where it is a file of its own.
        given: A file with phones or words in time (``.TextGrid``, ``.ctm``, ``.align``, ``.phn``), where there is one.
        transcript: A file with the words, where there is one.
        transcript_format: How to read it.
        text: The words, where the recipe knows them without a file.
    """

    name: str
    speaker: str
    video: Path
    path: str
    split: str = ""
    audio: Path | None = None
    given: Path | None = None
    transcript: Path | None = None
    transcript_format: TranscriptFormat = "plain"
    text: str = ""

    @property
    def landmarks(self) -> Path:
        """Where a sidecar file with landmarks is looked for."""
        return self.video.with_name(self.video.stem + LANDMARK_SUFFIX)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that a clip can depend on and that exist."""
        named = (self.video, self.audio, self.given, self.transcript, self.landmarks)
        return tuple(path for path in named if path is not None and path.exists())


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one raw corpus is laid out.

    Attributes:
        name: As the user writes it.
        layout: The folder that is expected, in one or two lines for ``--help`` and messages.
        terms: Licence and where to get the corpus, in one line.
        find: Lists the videos below a folder, in any order; opens no video.
    """

    name: str
    layout: str
    terms: str
    find: Callable[[Path], Iterable[SourceVideo]]


def discover(source: Path, recipe: Recipe, validation_every: int = 11) -> tuple[SourceVideo, ...]:
    """List the videos of a raw corpus, sorted by name, each with a split.

    Where the corpus has splits of its own they hold. Elsewhere, counted from 1 in the order of names, every
    `validation_every`-th video is for validation; 0: none.

    Raises:
        InputError: No such folder, no video in it, or two videos of one name.
    """
    if not source.is_dir():
        raise InputError(f"the source {source} is not a folder; name the folder that holds the videos")
    videos = sorted(recipe.find(source), key=lambda video: video.name)
    if not videos:
        raise InputError(f"no video found in {source} by the recipe {recipe.name!r}, which expects: {recipe.layout}")
    for before, after in pairwise(videos):
        if before.name == after.name:
            raise InputError(f"{before.video} and {after.video} have the same name; rename or move one of them")
    return tuple(_with_split(video, number, validation_every) for number, video in enumerate(videos, start=1))


def name_of(path: Path) -> str:
    """A name for a relative path: parts joined by ``/``, the suffix dropped.

    Names that hold other characters than letters, digits, ``_`` and ``-``, that are too long, or that end as the pieces
    of a video do (``--01``), have these replaced and end in a few letters of a hash, so that they stay unique.
    """
    plain = path.with_suffix("").as_posix()
    clean = re.sub(r"[^A-Za-z0-9_/-]", "_", plain)
    if clean == plain and len(plain) <= _LONGEST_NAME and not _PIECE.search(plain):
        return plain
    return f"{clean[:_LONGEST_NAME].rstrip('/')}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def is_video(path: Path) -> bool:
    """Whether a path is a file whose suffix is that of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def beside(video: Path, suffixes: Iterable[str]) -> Path | None:
    """The first existing file with the video's name and one of the suffixes."""
    return next((path for suffix in suffixes if (path := video.with_suffix(suffix)).is_file()), None)


def _with_split(video: SourceVideo, number: int, validation_every: int) -> SourceVideo:
    if not video.split:
        held_out = validation_every and number % validation_every == 0
        return replace(video, split="validation" if held_out else "train")
    if video.split not in SPLITS:
        raise InputError(f"{video.video}: the split {video.split!r} is not one of {', '.join(SPLITS)}")
    return video
