"""The GRID corpus, whose sentences are coded in the names of their files."""

from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import Recipe, SourceVideo, is_video, name_of

_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},  # the letter w is not spoken in GRID
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four"}
    | {"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


def grid_sentence(code: str) -> str:
    """The sentence that a GRID code stands for, empty if it is none: ``bbaf2n`` gives ``bin blue at f two now``."""
    if len(code) != len(_WORDS):
        return ""
    words = [table.get(letter, "") for letter, table in zip(code, _WORDS, strict=True)]
    return " ".join(words) if all(words) else ""


def _find(source: Path) -> Iterator[SourceVideo]:
    own = list(_speaker(source, source, ""))
    if own:
        yield from own
        return
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        yield from _speaker(folder, source, f"{name_of(Path(folder.name))}/")


def _speaker(folder: Path, source: Path, prefix: str) -> Iterator[SourceVideo]:
    videos = folder / "video" if (folder / "video").is_dir() else folder
    for video in sorted(path for path in videos.iterdir() if is_video(path)):
        align = folder / "align" / f"{video.stem}.align"
        yield SourceVideo(
            name=prefix + name_of(Path(video.name)),
            speaker=folder.absolute().name,
            video=video,
            path=video.relative_to(source).as_posix(),
            given=align if align.is_file() else None,
            text="" if align.is_file() else grid_sentence(video.stem),
        )


GRID = Recipe(
    name="grid",
    layout="video/ and align/ in the folder, or videos in it and align/ below, or several such folders, one per "
    "speaker. Without CLIP.align the words come from the name where it is a whole sentence code (bbaf2n).",
    terms="CC BY 4.0; Cooke, Barker, Cunningham, Shao 2006; https://zenodo.org/records/3625687",
    find=_find,
)
