"""Speech without faces: sound files below a folder, with their words or phones beside them or none."""

from collections.abc import Iterator
from pathlib import Path

from pase.errors import InputError
from pase.phonemes.text_file import read_text_file
from pase.recipes.base import GIVEN_SUFFIXES, TEXT_SUFFIXES, Recipe, SourceVideo, name_of
from pase.recipes.tree import Folder, stem_of, walk

_LISTS = ".trans.txt"
"""How the lists of LibriSpeech end; a line is ``NAME WORDS``."""


def _find(source: Path) -> Iterator[SourceVideo]:
    for folder in walk(source):
        speaker = (*folder.parts, source.absolute().name)[0]
        sentences = _sentences(folder) if folder.sounds else {}
        for file in folder.sounds:
            transcript = folder.beside(file, TEXT_SUFFIXES)
            yield SourceVideo(
                name=name_of(folder.relative(file)),
                speaker=speaker,
                video=folder.path / file,
                path=folder.relative(file),
                given=folder.beside(file, GIVEN_SUFFIXES),
                transcript=transcript,
                text="" if transcript else sentences.get(stem_of(file), ""),
                seen=False,
            )


def _sentences(folder: Folder) -> dict[str, str]:
    """What is said in the files of a folder, by their names without suffix."""
    sentences = {}
    for path in (folder.path / name for name in sorted(folder.files) if name.endswith(_LISTS)):
        for number, line in enumerate(read_text_file(path).splitlines(), start=1):
            name, _, words = line.strip().partition(" ")
            if name and not words:
                raise InputError(
                    f"{path}, line {number}: expected 'NAME WORDS', found {line[:60]!r}; mend or remove it"
                )
            sentences[name] = words
    return sentences


SPEECH = Recipe(
    name="speech",
    layout="sound without pictures, for clips without lips: any sound files (.wav, .flac, .mp3, ...) at any depth; "
    "beside CLIP.wav its phones (CLIP.TextGrid, .ctm, .phn), or its words (CLIP.txt, .lab, or a line of a .trans.txt "
    "as in LibriSpeech), or neither. The first folder below the source names the speaker.",
    terms="your own",
    find=_find,
    hold_out="speaker",
)
