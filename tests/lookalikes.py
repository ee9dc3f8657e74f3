"""Tiny corpora with the folders and files of the real ones, made as they are documented."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

WriteVideo = Callable[[Path], object]

WORDS = "bin blue at f two now"

_GRID_ALIGN = """0 15000 sil
15000 21000 bin
21000 28000 blue
28000 31000 at
31000 36000 f
36000 43000 two
43000 52000 now
52000 74500 sil
"""


class Expected(NamedTuple):
    """What a recipe is to say about a video, with every second video or speaker for validation."""

    speaker: str
    split: str


def build(recipe: str, root: Path, write_video: WriteVideo, words: str = WORDS) -> dict[str, Expected]:
    """Write a look-alike of a recipe's corpus.

    Args:
        recipe: A key of `LOOKALIKES`.
        root: Where to; it is created.
        write_video: Writes a video to the path that it is given; the folder is there.
        words: What is said in each video, for corpora that have transcripts.

    Returns:
        The clips by name, for ``validation_every=2``.
    """

    def video(path: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / path)

    return LOOKALIKES[recipe](root, video, words)


def write(path: Path, text: str = "") -> None:
    """Write a text file, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _folder(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    for name in ("anna/one", "anna/two", "ben/one"):
        video(f"{name}.mp4")
    write(root / "anna/one.txt", words)
    return {
        "anna/one": Expected("anna", "train"),
        "anna/two": Expected("anna", "validation"),
        "ben/one": Expected("ben", "train"),
    }


def _grid(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    for path in ("s1/bbaf2n.mpg", "s2/video/mpg_6000/bbaf2n.mpg", "s2/video/mpg_6000/swiz3n.mpg"):
        video(path)
    write(root / "alignments/s1/bbaf2n.align", _GRID_ALIGN)
    write(root / "s2/align/bbaf2n.align", _GRID_ALIGN)
    return {
        "s1/bbaf2n": Expected("s1", "train"),
        "s2/bbaf2n": Expected("s2", "validation"),
        "s2/swiz3n": Expected("s2", "train"),
    }


def _lrs_text(words: str, timed: bool) -> str:
    text = f"Text:  {words.upper()}\nConf:  5\n"
    if timed:
        rows = (f"{word} {0.3 * i:.2f} {0.3 * i + 0.25:.2f} 7.1\n" for i, word in enumerate(words.upper().split(), 1))
        text += "\nWORD START END ASDSCORE\n" + "".join(rows)
    return text


def _lrs2(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    first, second, third = "5535415699068794046", "5535423430009926848", "6330311066473698535"
    utterances = (f"pretrain/{first}/00007", f"main/{first}/00001", f"main/{second}/00002", f"main/{third}/00011")
    for utterance in utterances:
        video(f"mvlrs_v1/{utterance}.mp4")
        write(root / f"mvlrs_v1/{utterance}.txt", _lrs_text(words, utterance.startswith("pretrain")))
    for name, line in (("train", f"{first}/00001"), ("val", f"{second}/00002"), ("test", f"{third}/00011 NF")):
        write(root / f"{name}.txt", f"{line}\n")
    splits = ("train", "train", "validation", "test")
    return {name: Expected(name.split("/")[1], split) for name, split in zip(utterances, splits, strict=True)}


def _lrs3(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    splits = {
        "pretrain/0Fi83BHQsMA/00002": "train",
        "trainval/0Fi83BHQsMA/50001": "train",
        "pretrain/0akiEFwtkyA/00001": "validation",
        "trainval/0akiEFwtkyA/50003": "validation",
        "test/0Fi82BHQsMB/00005": "test",
    }
    for utterance in splits:
        video(f"{utterance}.mp4")
        write(root / f"{utterance}.txt", _lrs_text(words, utterance.startswith("pretrain")))
    return {name: Expected(name.split("/")[1], split) for name, split in splits.items()}


def _hdtf(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    expected = {
        "RD_Radio34_003": Expected("Radio34", "train"),
        "WDA_BarackObama_000": Expected("BarackObama", "train"),
        "WRA_KristiNoem0_000": Expected("KristiNoem", "validation"),
        "WRA_KristiNoem2_001": Expected("KristiNoem", "validation"),
    }
    for name in expected:
        video(f"{name}.mp4")
    video("_videos_raw/WDA_BarackObama.mp4")
    return expected


def _mead(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    for path in ("M003/video/front/angry/level_1/001", "W009/video/front/disgusted/level_3/002"):
        video(f"{path}.mp4")
        video(f"{path.replace('front', 'left_30')}.mp4")
        write(root / f"{path.replace('video/front', 'audio')}.m4a")
    write(root / "list_full_mead_annotated.txt", f"W009_level_3_disgust_002 {words.upper()}\n")
    return {
        "M003/front/angry/level_1/001": Expected("M003", "train"),
        "W009/front/disgusted/level_3/002": Expected("W009", "validation"),
    }


def _speech(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    for path in ("84/121123/84-121123-0000.flac", "84/121123/84-121123-0001.flac", "anna/hello.wav", "ben/take.MP3"):
        video(path)
    write(root / "84/121123/84-121123.trans.txt", f"84-121123-0000 {words.upper()}\n84-121123-0001 {words.upper()}\n")
    write(root / "anna/hello.lab", words)
    write(root / "LICENSE.txt", "free")
    return {
        "84/121123/84-121123-0000": Expected("84", "train"),
        "84/121123/84-121123-0001": Expected("84", "train"),
        "anna/hello": Expected("anna", "validation"),
        "ben/take": Expected("ben", "train"),
    }


def _voxceleb2(root: Path, video: Callable[[str], None], words: str) -> dict[str, Expected]:
    expected = {
        "dev/id00012/21Uxsk56VDQ/00001": Expected("id00012", "train"),
        "dev/id00015/0fijmz4vTVU/00001": Expected("id00015", "validation"),
        "dev/id00015/0fijmz4vTVU/00002": Expected("id00015", "validation"),
        "test/id00017/01dfn2spqyE/00001": Expected("id00017", "test"),
    }
    for name in expected:
        video(f"{name.replace('/', '/mp4/', 1)}.mp4")
        write(root / f"{name.replace('/', '/txt/', 1)}.txt", "Identity  : \tid00012\n")
    write(root / "dev/aac/id00012/21Uxsk56VDQ/00001.m4a")
    return expected


LOOKALIKES: dict[str, Callable[[Path, Callable[[str], None], str], dict[str, Expected]]] = {
    "folder": _folder,
    "grid": _grid,
    "hdtf": _hdtf,
    "lrs2": _lrs2,
    "lrs3": _lrs3,
    "mead": _mead,
    "speech": _speech,
    "voxceleb2": _voxceleb2,
}
"""By recipe."""
