"""Recipes: which clips a raw corpus holds, who speaks in them, and where their words and phones are written.

folder
    Every video below the source folder. Beside it, by the same name: ``.TextGrid`` with phones (wins), else ``.txt`` or
    ``.lab`` with the transcript. The speaker is the folder that holds the video.
grid
    The GRID corpus: ``video/`` and ``align/`` in the source folder, or videos in the source folder itself with
    ``align/`` below it, or several such folders, one per speaker. Words come from ``align/<clip>.align``; without it
    from the video's name where that is a whole sentence code (``bbaf2n`` = bin blue at f two now). A name with anything
    before or after the code is not trusted, and the clip is prepared without a transcript.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pase.corpus.options import PrepareOptions
from pase.errors import InputError

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv"))

LANDMARK_SUFFIX = ".landmarks.npz"

_GRID_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},  # the letter w is not spoken in GRID
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four"}
    | {"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)

_LONGEST_ID = 72


@dataclass(frozen=True, slots=True)
class SourceClip:
    """One clip of a raw corpus.

    Attributes:
        clip_id: Unique; made from the path.
        speaker: Name of the folder that stands for a person.
        split: ``"train"`` or ``"validation"``.
        video: The video file.
        source: Its path relative to the source folder.
        textgrid: Phones, where there are any.
        transcript: ``.txt``, ``.lab`` or ``.align`` with the words, where there is one.
        text: The words, where the recipe knows them without a file.
    """

    clip_id: str
    speaker: str
    split: str
    video: Path
    source: str
    textgrid: Path | None = None
    transcript: Path | None = None
    text: str = ""

    @property
    def landmarks(self) -> Path:
        """Where a sidecar file with landmarks is looked for."""
        return self.video.with_name(self.video.stem + LANDMARK_SUFFIX)


def discover(source: Path, options: PrepareOptions) -> tuple[SourceClip, ...]:
    """List the clips of a raw corpus by its recipe, sorted by id, with their splits.

    Raises:
        InputError: No such folder, no video in it, or two videos that differ in their suffix only.
    """
    if not source.is_dir():
        raise InputError(f"the source {source} is not a folder; name the folder that holds the videos")
    clips = sorted(_RECIPES[options.recipe](source), key=lambda clip: clip.clip_id)
    if not clips:
        raise InputError(
            f"no video ({', '.join(sorted(VIDEO_SUFFIXES))}) found in {source} by the recipe {options.recipe!r}"
        )
    for before, after in pairwise(clips):
        if before.clip_id == after.clip_id:
            raise InputError(f"{before.video} and {after.video} have the same name; rename or move one of them")
    return tuple(_with_split(clip, number, options.validation_every) for number, clip in enumerate(clips, start=1))


def grid_sentence(code: str) -> str:
    """The sentence that a GRID code stands for, empty if it is none: ``bbaf2n`` gives ``bin blue at f two now``."""
    if len(code) != len(_GRID_WORDS):
        return ""
    words = [table.get(letter, "") for letter, table in zip(code, _GRID_WORDS, strict=True)]
    return " ".join(words) if all(words) else ""


def clip_id_of(path: Path) -> str:
    """A clip id for a relative path: parts joined by ``/``, the suffix dropped.

    Names that hold other characters than letters, digits, ``_`` and ``-`` have these replaced, and end in a few letters
    of a hash, so that they stay unique whatever else lies in the folder.
    """
    plain = path.with_suffix("").as_posix()
    clean = re.sub(r"[^A-Za-z0-9_/-]", "_", plain)
    if clean == plain and len(plain) <= _LONGEST_ID:
        return plain
    return f"{clean[:_LONGEST_ID].rstrip('/')}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def _folder(source: Path) -> list[SourceClip]:
    clips = []
    for video in sorted(source.rglob("*")):
        relative = video.relative_to(source)
        if _is_video(video) and not any(part.startswith(".") for part in relative.parts):
            textgrid = _beside(video, (".TextGrid", ".textgrid"))
            transcript = _beside(video, (".txt", ".lab"))
            clips.append(_clip(video, source, clip_id_of(relative), textgrid=textgrid, transcript=transcript))
    return clips


def _grid(source: Path) -> list[SourceClip]:
    own = _grid_speaker(source, source, "")
    if own:
        return own
    folders = sorted(path for path in source.iterdir() if path.is_dir())
    return [clip for folder in folders for clip in _grid_speaker(folder, source, f"{clip_id_of(Path(folder.name))}/")]


def _grid_speaker(folder: Path, source: Path, prefix: str) -> list[SourceClip]:
    videos = folder / "video" if (folder / "video").is_dir() else folder
    clips = []
    for video in sorted(path for path in videos.iterdir() if _is_video(path)):
        align = folder / "align" / f"{video.stem}.align"
        clips.append(
            _clip(
                video,
                source,
                prefix + clip_id_of(Path(video.name)),
                speaker=folder.absolute().name,
                transcript=align if align.is_file() else None,
                text="" if align.is_file() else grid_sentence(video.stem),
            )
        )
    return clips


_RECIPES: dict[str, Callable[[Path], list[SourceClip]]] = {"folder": _folder, "grid": _grid}


def _clip(
    video: Path,
    source: Path,
    clip_id: str,
    *,
    speaker: str = "",
    textgrid: Path | None = None,
    transcript: Path | None = None,
    text: str = "",
) -> SourceClip:
    return SourceClip(
        clip_id=clip_id,
        speaker=speaker or video.absolute().parent.name,
        split="train",
        video=video,
        source=video.relative_to(source).as_posix(),
        textgrid=textgrid,
        transcript=transcript,
        text=text,
    )


def _with_split(clip: SourceClip, number: int, validation_every: int) -> SourceClip:
    """The fixed rule: counted from 1 in the order of ids, every `validation_every`-th clip is for validation."""
    if validation_every and number % validation_every == 0:
        return replace(clip, split="validation")
    return clip


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _beside(video: Path, suffixes: tuple[str, ...]) -> Path | None:
    return next((path for suffix in suffixes if (path := video.with_suffix(suffix)).is_file()), None)
