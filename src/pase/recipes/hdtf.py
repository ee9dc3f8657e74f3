"""HDTF: high-definition talking faces, cut from YouTube videos by the published lists of times and crops."""

import re
from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import GIVEN_SUFFIXES, TEXT_SUFFIXES, Recipe, RefusedVideo, SourceVideo, name_of, refuse
from pase.recipes.tree import stem_of, walk

_NAME = re.compile(r"(?:(?:RD|WDA|WRA)_)?(?P<person>[A-Za-z-]+)(?P<video>\d*)_\d+(?:_.*)?")

_SAME_PERSON = {"WhipJimClyburn": "JamesClyburn"}  # cut from one and the same YouTube video

_UNCUT = ("_videos_raw",)  # where download scripts keep whole videos


def speaker_of(stem: str) -> str:
    """Who speaks in a clip, by its file's name, empty if it is none of HDTF: ``WRA_KristiNoem2_001`` is KristiNoem.

    The persons of ``RD_Radio34_000`` are not told apart by the lists: each video counts as one.
    """
    match = _NAME.fullmatch(stem)
    if match is None:
        return ""
    person = match["person"]
    return person + match["video"] if person == "Radio" else _SAME_PERSON.get(person, person)


def _find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
    for folder in walk(source, skip=_UNCUT):
        for file in folder.videos:
            speaker = speaker_of(stem_of(file))
            if not speaker:
                detail = "clips of HDTF are called VIDEO_NNN.mp4 (WDA_BarackObama_000.mp4); whole videos have to be cut"
                yield refuse(folder, file, "unexpected_name", detail)
                continue
            yield SourceVideo(
                name=name_of(file),
                speaker=speaker,
                video=folder.path / file,
                path=folder.relative(file),
                given=folder.beside(file, GIVEN_SUFFIXES),
                transcript=folder.beside(file, TEXT_SUFFIXES),
            )


HDTF = Recipe(
    name="hdtf",
    layout="clips cut and cropped by the published lists, RD_*_NNN.mp4, WDA_*_NNN.mp4, WRA_*_NNN.mp4, at any depth; "
    "_videos_raw/ is left out. Words (.txt) or phones (.TextGrid) that you put beside a clip are used.",
    terms="lists by Zhang, Li, Ding, Fan 2021, videos are their owners'; https://github.com/MRzzm/HDTF",
    find=_find,
    hold_out="speaker",
)
