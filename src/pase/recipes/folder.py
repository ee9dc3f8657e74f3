"""Any videos below a folder, with their words or phones beside them or none."""

from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import GIVEN_SUFFIXES, TEXT_SUFFIXES, Recipe, SourceVideo, name_of
from pase.recipes.tree import walk


def _find(source: Path) -> Iterator[SourceVideo]:
    for folder in walk(source):
        speaker = (source.absolute().name, *folder.parts)[-1]
        for file in folder.videos:
            yield SourceVideo(
                name=name_of(folder.relative(file)),
                speaker=speaker,
                video=folder.path / file,
                path=folder.relative(file),
                given=folder.beside(file, GIVEN_SUFFIXES),
                transcript=folder.beside(file, TEXT_SUFFIXES),
            )


FOLDER = Recipe(
    name="folder",
    layout="any videos at any depth; beside CLIP.mp4 its phones (CLIP.TextGrid, .ctm, .phn), or its words (CLIP.txt, "
    ".lab), or neither. The folder that a video lies in names the speaker.",
    terms="your own",
    find=_find,
)
