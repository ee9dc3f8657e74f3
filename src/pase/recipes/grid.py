"""The GRID corpus, whose sentences are coded in the names of their files."""

from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import Recipe, SourceVideo, name_of
from pase.recipes.tree import Folder, files_in, stem_of, walk

_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},  # the letter w is not spoken in GRID
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four"}
    | {"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)

_INNER = ("video", "mpg_6000", "mpg_vcd")  # between a speaker's folder and the videos, depending on the download


def grid_sentence(code: str) -> str:
    """The sentence that a GRID code stands for, empty if it is none: ``bbaf2n`` gives ``bin blue at f two now``."""
    if len(code) != len(_WORDS):
        return ""
    words = [table.get(letter, "") for letter, table in zip(code, _WORDS, strict=True)]
    return " ".join(words) if all(words) else ""


def _find(source: Path) -> Iterator[SourceVideo]:
    for folder in walk(source, skip=("align", "alignments")):
        if folder.videos:
            yield from _speaker(folder, source)


def _speaker(folder: Folder, source: Path) -> Iterator[SourceVideo]:
    home, parts = folder.path, folder.parts
    while parts and parts[-1] in _INNER:
        home, parts = home.parent, parts[:-1]
    speaker = (source.absolute().name, *parts)[-1]
    aligns = {
        name: place / name
        for place in (home.parent / "alignments" / speaker, home / "align")
        for name in files_in(place)
    }
    for file in folder.videos:
        code = stem_of(file)
        given = aligns.get(f"{code}.align")
        yield SourceVideo(
            name=name_of("/".join((*parts, file))),
            speaker=speaker,
            video=folder.path / file,
            path=folder.relative(file),
            given=given,
            text="" if given else grid_sentence(code),
        )


GRID = Recipe(
    name="grid",
    layout="one folder per speaker, or one speaker's folder; in it the videos, or video/ or video/mpg_6000/ with them. "
    "Word alignments in the speaker's align/, or in alignments/SPEAKER/ beside the speakers. Without CLIP.align the "
    "words come from the name where it is a whole sentence code (bbaf2n).",
    terms="CC BY 4.0; Cooke, Barker, Cunningham, Shao 2006; https://zenodo.org/records/3625687",
    find=_find,
)
