"""LRS3-TED: sentences from TED and TEDx talks, cropped around the face, with transcripts."""

from collections.abc import Iterator
from pathlib import Path

from pase.errors import InputError
from pase.recipes.base import GIVEN_SUFFIXES, Recipe, RefusedVideo, SourceVideo, name_of, refuse
from pase.recipes.tree import Folder, locate, walk


def lrs_video(folder: Folder, file: str, kind: str, split: str) -> SourceVideo:
    """One utterance of LRS2 or LRS3; the text files of ``pretrain`` have the words in time as well."""
    timed = (*GIVEN_SUFFIXES, ".txt") if kind == "pretrain" else GIVEN_SUFFIXES
    return SourceVideo(
        name=name_of(f"{kind}/{folder.path.name}/{file}"),
        speaker=folder.path.name,
        video=folder.path / file,
        path=folder.relative(file),
        split=split,
        given=folder.beside(file, timed),
        transcript=folder.beside(file, (".txt",)),
        transcript_format="lrs",
    )


def _find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
    for part in locate(source, ("pretrain", "trainval", "test")):
        kind = part.path.absolute().name
        if (part.path.absolute().parent / "main").is_dir():
            raise InputError(f"{part.path} lies beside main/, as in LRS2: use --recipe lrs2")
        for folder in walk(part.path, parts=part.parts):
            for file in folder.videos:
                if len(folder.parts) == len(part.parts) + 1:
                    yield lrs_video(folder, file, kind, "test" if kind == "test" else "")
                else:
                    yield refuse(folder, file, "unexpected_place", f"videos of LRS3 lie in {kind}/TALK/; move it")


LRS3 = Recipe(
    name="lrs3",
    layout="the folder that holds pretrain/, trainval/ and test/, or some; in each TALK/UTTERANCE.mp4 and .txt.",
    terms="CC BY 4.0, the talks under TED's terms; no longer given out; https://mmai.io/datasets/lip_reading/",
    find=_find,
    hold_out="speaker",  # pretrain and trainval are cut from the same talks
)
