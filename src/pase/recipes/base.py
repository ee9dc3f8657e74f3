"""What a recipe is, what it lists, and the checks that hold for every list."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from pase.corpus.clip import SPLITS
from pase.corpus.shards import check_clip_id
from pase.errors import InputError
from pase.recipes.transcripts import TranscriptFormat
from pase.recipes.tree import Folder, is_folder, list_folder, stem_of
from pase.video.sidecar import LANDMARK_SUFFIX

GIVEN_SUFFIXES = (".TextGrid", ".textgrid", ".ctm", ".phn")
"""Files beside a video with phones or words in time; the first that is there counts."""

TEXT_SUFFIXES = (".txt", ".lab")
"""Files beside a video with what is said."""

_LONGEST_NAME = 72
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and bytes that were not UTF-8
_PIECE = re.compile(r"--\d+$")  # how preparation numbers the clips of one video


@dataclass(frozen=True, slots=True)
class SourceVideo:
    """One video of a raw corpus; preparation makes one clip of it, or several.

    Attributes:
        name: Unique; made from the path by `name_of`.
        speaker: The person, or the folder that stands for one.
        video: The video file; the sound file of speech without a picture.
        path: Its path relative to the source folder, with ``/``.
        split: ``"train"``, ``"validation"`` or ``"test"``; empty where the corpus does not say.
        audio: A file with the sound, for a video that may have none of its own. Where the video has sound, that is
            used: it is known to begin with the picture.
        given: A file with phones or words in time (``.TextGrid``, ``.ctm``, ``.align``, ``.phn``), where there is one.
        transcript: A file with the words, where there is one.
        transcript_format: How to read it.
        text: The words, where the recipe knows them without a file.
        seen: Whether there is a picture; False for speech alone, of which clips without lips are made.
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
    seen: bool = True

    def __post_init__(self) -> None:
        check_clip_id(self.name)
        if _PIECE.search(self.name):
            raise InputError(f"the name {self.name!r} ends as the pieces of a video do; make names with `name_of`")
        if self.split and self.split not in SPLITS:
            raise InputError(f"{self.video}: the split {self.split!r} is not one of {', '.join(SPLITS)}")

    @property
    def landmarks(self) -> Path:
        """Where a sidecar file with landmarks is looked for."""
        return self.video.with_name(self.video.stem + LANDMARK_SUFFIX)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that a clip can depend on and that exist."""
        named = (self.video, self.audio, self.given, self.transcript, self.landmarks)
        # Path.exists raises where the name is too long for any file, as that of landmarks may be.
        return tuple(path for path in named if path is not None and os.path.exists(path))  # noqa: PTH110


@dataclass(frozen=True, slots=True)
class RefusedVideo:
    """A video that lies in the source and cannot be a clip, known before it is opened.

    Attributes:
        name: The name that its clip would have had.
        path: Its path relative to the source folder, fit to be printed.
        reason: One word or several joined by ``_``: ``duplicate_name``, ``not_listed``, ``unexpected_place``, ...
        detail: What is wrong and what to do, for people.
    """

    name: str
    path: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one raw corpus is laid out.

    Attributes:
        name: As the user writes it.
        layout: The folder that is expected, in one or two lines for ``--help`` and messages.
        terms: Licence and where to get the corpus, in one line.
        find: Lists the videos below a folder, in any order; opens no video. Nothing at all where the layout is not met.
        hold_out: What validation takes whole where the corpus has no validation split: single videos, or speakers
            with everything they say.
    """

    name: str
    layout: str
    terms: str
    find: Callable[[Path], Iterable[SourceVideo | RefusedVideo]]
    hold_out: Literal["video", "speaker"] = "video"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source folder holds.

    Attributes:
        videos: The videos sorted by name, no name twice, each with a split.
        refused: Those that cannot be used, for the table of quarantined clips.
    """

    videos: tuple[SourceVideo, ...]
    refused: tuple[RefusedVideo, ...]


def discover(source: Path, recipe: Recipe, validation_every: int = 11) -> Listing:
    """List the videos of a raw corpus.

    Where the corpus has splits of its own they hold. Of the rest, every `validation_every`-th by name, counted from 1,
    is for validation; 0: none. A recipe may count speakers instead of videos.

    Raises:
        InputError: No such folder, it is not laid out as the recipe expects, or none of its videos can be used.
    """
    if not is_folder(source):
        raise InputError(
            f"the source {source} is not a folder, or not to be reached; name the folder that holds the videos"
        )
    found = sorted(recipe.find(source), key=lambda item: (item.name, item.path))
    if not found:
        raise InputError(
            f"no video found in {source} by the recipe {recipe.name!r}, which expects: {recipe.layout} "
            f"In the folder {_contents(source)}. Name the folder that is laid out so, or use another recipe."
        )
    taken: dict[str, SourceVideo] = {}
    refused: list[RefusedVideo] = []
    for item in found:
        refusal = item if isinstance(item, RefusedVideo) else _refusal(item, taken)
        if refusal is not None:
            refused.append(refusal)
        elif isinstance(item, SourceVideo):
            taken[item.name] = item
    if not taken:
        raise InputError(
            f"none of {len(refused)} videos in {source} can be used; {refused[0].path}: {refused[0].detail}"
        )
    return Listing(_with_splits(list(taken.values()), recipe, validation_every), tuple(refused))


def name_of(path: PurePath | str) -> str:
    """A name for a relative path: parts joined by ``/``, the suffix dropped.

    Names that hold other characters than letters, digits, ``_`` and ``-``, that are too long, or that end as the pieces
    of a video do (``--01``), have these replaced and end in a few letters of a hash, so that they stay unique.
    """
    folders, slash, file = str(path).rpartition("/")
    plain = folders + slash + stem_of(file)
    if len(plain) <= _LONGEST_NAME and _PLAIN.fullmatch(plain) and not _PIECE.search(plain):
        return plain
    clean = re.sub(r"[^A-Za-z0-9_/-]", "_", plain)
    digest = hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()
    return f"{clean[:_LONGEST_NAME].rstrip('/-')}-{digest[:8]}"


def refuse(folder: Folder, file: str, reason: str, detail: str) -> RefusedVideo:
    """Refuse a video of a folder."""
    path = folder.relative(file)
    return RefusedVideo(name_of(path), _printable(path), reason, detail)


def _refusal(video: SourceVideo, taken: dict[str, SourceVideo]) -> RefusedVideo | None:
    if _UNWRITABLE.search(video.path) or _UNWRITABLE.search(video.speaker):
        detail = "its name, or that of a folder above, is not UTF-8, or has a tab or line break in it; rename it"
        return RefusedVideo(video.name, _printable(video.path), "unreadable_name", detail)
    if (first := taken.get(video.name)) is not None:
        detail = f"{first.path} gives the same name and was taken; rename one of them, or take one out of the source"
        return RefusedVideo(video.name, video.path, "duplicate_name", detail)
    return None


def _with_splits(videos: list[SourceVideo], recipe: Recipe, every: int) -> tuple[SourceVideo, ...]:
    def unit(video: SourceVideo) -> str:
        return video.speaker if recipe.hold_out == "speaker" else video.name

    units = sorted({unit(video) for video in videos if not video.split})
    held_out = frozenset(units[every - 1 :: every]) if every else frozenset[str]()
    return tuple(
        video if video.split else replace(video, split="validation" if unit(video) in held_out else "train")
        for video in videos
    )


def _contents(source: Path, most: int = 6) -> str:
    """What lies directly in a folder, for messages."""
    here = list_folder(source)
    names = sorted(f"{name}/" for name in here.folders) + sorted(here.files)
    if not names:
        return "lies nothing"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"lie {', '.join(_printable(name) for name in names[:most])}{more}"


def _printable(name: str) -> str:
    return _UNWRITABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), name)
