"""MEAD: actors who speak with eight emotions at three intensities, filmed from seven sides."""

import re
from collections.abc import Iterator
from pathlib import Path

from pase.errors import InputError
from pase.phonemes.text_file import read_text_file
from pase.recipes.base import GIVEN_SUFFIXES, TEXT_SUFFIXES, Recipe, RefusedVideo, SourceVideo, name_of, refuse
from pase.recipes.tree import Folder, files_in, stem_of, walk

SENTENCES = "list_full_mead_annotated.txt"
"""A published list of what is said, made after the corpus; a line is ``M003_level_1_angry_001 SENTENCE``."""

_SIDES = ("left_30", "left_60", "right_30", "right_60", "top", "down")
_ACTOR = re.compile(r"[MW]\d{3}")
_LINE = re.compile(r"([MW]\d{3}_level_\d)_([a-z]+)_(\d+) (\S.*)")
_EMOTION = {"disgust": "disgusted", "surprise": "surprised"}  # spelled in both ways


def _find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
    sentences: dict[str, str] = {}
    for folder in walk(source, skip=(*_SIDES, "audio")):
        if SENTENCES in folder.files:
            sentences |= _read_sentences(folder.path / SENTENCES)
        actor = _actor((*source.absolute().parts, *folder.parts))
        if actor and _is_front(folder):
            yield from _take(folder, actor, sentences)
        else:
            detail = "videos of MEAD lie in ACTOR/video/front/EMOTION/level_N/; move it"
            yield from (refuse(folder, file, "unexpected_place", detail) for file in folder.videos)


def _actor(parts: tuple[str, ...]) -> str:
    """The innermost folder named as an actor, empty if there is none; in some archives the sides lie deeper."""
    return next((part for part in reversed(parts) if _ACTOR.fullmatch(part)), "")


def _is_front(folder: Folder) -> bool:
    return len(folder.parts) >= 3 and folder.parts[-3] == "front" and folder.parts[-1].startswith("level_")


def _take(folder: Folder, actor: str, sentences: dict[str, str]) -> Iterator[SourceVideo]:
    emotion, level = folder.parts[-2:]
    spelled = _EMOTION.get(emotion, emotion)
    sounds = folder.path.parents[3] / "audio" / emotion / level  # beside video/, without the side
    sound_files = files_in(sounds)
    for file in folder.videos:
        number = stem_of(file)
        transcript = folder.beside(file, TEXT_SUFFIXES)
        yield SourceVideo(
            name=name_of(f"{actor}/front/{spelled}/{level}/{file}"),
            speaker=actor,
            video=folder.path / file,
            path=folder.relative(file),
            audio=sounds / f"{number}.m4a" if f"{number}.m4a" in sound_files else None,
            given=folder.beside(file, GIVEN_SUFFIXES),
            transcript=transcript,
            text="" if transcript else sentences.get(f"{actor}_{level}_{spelled}_{number}", ""),
        )


def _read_sentences(path: Path) -> dict[str, str]:
    sentences = {}
    for number, line in enumerate(read_text_file(path).splitlines(), start=1):
        match = _LINE.fullmatch(line.strip())
        if match:
            actor_and_level, emotion, clip, sentence = match.groups()
            sentences[f"{actor_and_level}_{_EMOTION.get(emotion, emotion)}_{clip}"] = sentence
        elif line.strip():
            raise InputError(
                f"{path}, line {number}: expected 'M003_level_1_angry_001 SENTENCE', found {line[:60]!r}; mend it "
                "or take it away, then the clips have no transcripts"
            )
    return sentences


MEAD = Recipe(
    name="mead",
    layout="one folder per actor (M003, W009, ...), or one actor's folder, unpacked: ACTOR/video/front/EMOTION/level_N/"
    f"NNN.mp4, and ACTOR/audio/EMOTION/level_N/NNN.m4a. The other sides are left out. With {SENTENCES} in the "
    "source, or words beside a clip, the words are known.",
    terms="for research, see its page; https://wywu.github.io/projects/MEAD/MEAD.html",
    find=_find,
    hold_out="speaker",
)
