"""LRS2-BBC: sentences from British television, cropped around the face, with transcripts and official lists."""

from collections.abc import Iterator
from pathlib import Path

from pase.errors import InputError
from pase.phonemes.text_file import read_text_file
from pase.recipes.base import Recipe, RefusedVideo, SourceVideo, refuse
from pase.recipes.lrs3 import lrs_video
from pase.recipes.tree import locate, stem_of, walk

_LISTS = {"train": "train", "val": "validation", "test": "test"}


def _find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
    for part in locate(source, ("main", "pretrain")):
        kind = part.path.absolute().name
        if (part.path.absolute().parent / "trainval").is_dir():
            raise InputError(f"{part.path} lies beside trainval/, as in LRS3: use --recipe lrs3")
        splits = _read_lists(part.path.absolute().parent) if kind == "main" else {}
        for folder in walk(part.path, parts=part.parts):
            for file in folder.videos:
                utterance = f"{folder.path.name}/{stem_of(file)}"
                split = splits.get(utterance, "") if kind == "main" else "train"
                if len(folder.parts) != len(part.parts) + 1:
                    yield refuse(folder, file, "unexpected_place", f"videos of LRS2 lie in {kind}/PROGRAMME/; move it")
                elif not split:
                    yield refuse(folder, file, "not_listed", f"{utterance} is in none of train.txt, val.txt, test.txt")
                else:
                    yield lrs_video(folder, file, kind, split)


def _read_lists(root: Path) -> dict[str, str]:
    """The split of each utterance of ``main``, from lists beside it, one folder above, or in ``filelists``."""
    for place in (root, root.parent, root / "filelists", root.parent / "filelists"):
        if all((place / f"{name}.txt").is_file() for name in _LISTS):
            return {utterance: split for name, split in _LISTS.items() for utterance in _read(place / f"{name}.txt")}
    raise InputError(
        f"train.txt, val.txt and test.txt of LRS2 are neither in {root} nor in the folder above it. They say which "
        "utterances of main/ are for testing; they are downloaded with the corpus, put all three beside main/."
    )


def _read(path: Path) -> Iterator[str]:
    """The utterances of a list; lines of test.txt end in a mark such as ``NF``."""
    for line in read_text_file(path).splitlines():
        if words := line.split():
            yield words[0].removeprefix("main/").removesuffix(".mp4")


LRS2 = Recipe(
    name="lrs2",
    layout="mvlrs_v1/ or the folder that holds it: main/PROGRAMME/UTTERANCE.mp4 and .txt, pretrain/ likewise (one of "
    "both is enough), and train.txt, val.txt, test.txt beside main/.",
    terms="research only, by agreement with BBC R&D; https://www.bbc.co.uk/rd/projects/lip-reading-datasets",
    find=_find,
)
