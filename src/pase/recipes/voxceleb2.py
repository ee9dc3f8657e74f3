"""VoxCeleb2: celebrities in interviews from YouTube, cropped around the face, without transcripts."""

import re
from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import GIVEN_SUFFIXES, TEXT_SUFFIXES, Recipe, RefusedVideo, SourceVideo, name_of, refuse
from pase.recipes.tree import Folder, files_in, locate, stem_of, walk

_IDENTITY = re.compile(r"id\d{5}")


def _find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
    for part in locate(source, ("dev", "test")):
        kind = part.path.absolute().name
        sound_roots = (part.path.absolute().parent / "aac", part.path / "aac")
        for folder in walk(part.path, skip=("aac", "txt"), parts=part.parts):
            inner = folder.parts[len(part.parts) :]
            inner = inner[1:] if inner[:1] == ("mp4",) else inner
            if len(inner) == 2 and _IDENTITY.fullmatch(inner[0]):
                yield from _videos(folder, kind, sound_roots)
            else:
                detail = f"videos of VoxCeleb2 lie in {kind}/mp4/IDENTITY/YOUTUBE/; move it"
                yield from (refuse(folder, file, "unexpected_place", detail) for file in folder.videos)


def _videos(folder: Folder, kind: str, sound_roots: tuple[Path, ...]) -> Iterator[SourceVideo]:
    identity, youtube = folder.parts[-2:]
    sounds = {
        name: place / name for root in sound_roots for place in (root / identity / youtube,) for name in files_in(place)
    }
    for file in folder.videos:
        yield SourceVideo(
            name=name_of(f"{kind}/{identity}/{youtube}/{file}"),
            speaker=identity,
            video=folder.path / file,
            path=folder.relative(file),
            split="test" if kind == "test" else "",
            audio=sounds.get(f"{stem_of(file)}.m4a"),
            given=folder.beside(file, GIVEN_SUFFIXES),
            transcript=folder.beside(file, TEXT_SUFFIXES),
        )


VOXCELEB2 = Recipe(
    name="voxceleb2",
    layout="the folder that holds dev/ and test/, or one of them; in each mp4/IDENTITY/YOUTUBE/NNNNN.mp4, with or "
    "without mp4/, and where the videos have no sound aac/IDENTITY/YOUTUBE/NNNNN.m4a. Words (.txt) or phones "
    "(.TextGrid) that you put beside a clip are used.",
    terms="CC BY 4.0 for the lists, videos are their owners'; https://mmai.io/datasets/voxceleb/",
    find=_find,
    hold_out="speaker",
)
