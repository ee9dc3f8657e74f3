"""Recipes: clips, names, transcripts, splits."""

from collections import Counter
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.corpus.options import PrepareOptions
from pase.corpus.recipes import clip_id_of, discover, grid_sentence
from pase.corpus.shards import check_clip_id
from pase.errors import InputError

FOLDER, GRID = PrepareOptions("folder"), PrepareOptions("grid")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("bbaf2n", "bin blue at f two now"),
        ("swizzp", "set white in z zero please"),
        ("lrbs1a", "lay red by s one again"),
        ("pgwo9s", "place green with o nine soon"),
        ("x_bbbx9s", ""),
        ("bbaf2", ""),
        ("bbaw2n", ""),  # the letter w is not spoken in GRID
        ("bbaf0n", ""),
        ("BBAF2N", ""),
        ("", ""),
    ],
)
def test_grid_sentence(code: str, sentence: str) -> None:
    assert grid_sentence(code) == sentence


def test_folder(tmp_path: Path) -> None:
    touch(tmp_path, "anna/one.mp4", "anna/one.txt", "anna/two.MOV", "anna/two.TextGrid", "anna/two.txt", "ben/c.mkv")
    touch(tmp_path, "anna/notes.txt", ".hidden/d.mp4", "anna/.e.mp4", "loose.avi", "loose.lab")
    clips = {clip.clip_id: clip for clip in discover(tmp_path, FOLDER)}
    assert list(clips) == ["anna/one", "anna/two", "ben/c", "loose"]
    assert [clip.speaker for clip in clips.values()] == ["anna", "anna", "ben", tmp_path.name]
    assert clips["anna/one"].transcript == tmp_path / "anna/one.txt"
    assert clips["anna/two"].textgrid == tmp_path / "anna/two.TextGrid"
    assert clips["loose"].transcript == tmp_path / "loose.lab"
    assert clips["ben/c"].textgrid is clips["ben/c"].transcript is None
    assert clips["anna/two"].source == "anna/two.MOV"
    assert clips["anna/two"].landmarks == tmp_path / "anna/two.landmarks.npz"


def test_grid_with_video_and_align(tmp_path: Path) -> None:
    touch(tmp_path, "video/bbaf2n.mp4", "align/bbaf2n.align", "video/swiz3n.mp4")
    with_align, by_name = discover(tmp_path, GRID)
    assert (with_align.transcript, with_align.text) == (tmp_path / "align/bbaf2n.align", "")
    assert (by_name.transcript, by_name.text) == (None, "set white in z three now")
    assert with_align.speaker == by_name.speaker == tmp_path.name


def test_grid_bare_folder_trusts_whole_codes_only(tmp_path: Path) -> None:
    touch(tmp_path, "sbwe5n.mpg", "x_bbbx9s.mpg")
    assert [(clip.clip_id, clip.text) for clip in discover(tmp_path, GRID)] == [
        ("sbwe5n", "set blue with e five now"),
        ("x_bbbx9s", ""),
    ]


def test_grid_with_several_speakers(tmp_path: Path) -> None:
    touch(tmp_path, "s1/bbaf2n.mpg", "s1/align/bbaf2n.align", "s2/video/bbaf2n.mp4", "s2/align/bbaf2n.align")
    clips = discover(tmp_path, GRID)
    assert [(clip.clip_id, clip.speaker) for clip in clips] == [("s1/bbaf2n", "s1"), ("s2/bbaf2n", "s2")]
    assert all(clip.transcript is not None for clip in clips)


def test_every_eleventh_of_880_is_for_validation(tmp_path: Path) -> None:
    codes = islice(product("bslp", "bgrw", "abiw", "abcde", "z12", "a"), 880)
    touch(tmp_path, *(f"video/{''.join(code)}.mp4" for code in codes))
    clips = discover(tmp_path, GRID)
    assert Counter(clip.split for clip in clips) == {"train": 800, "validation": 80}
    assert [clip.split for clip in clips[:12]] == ["train"] * 10 + ["validation", "train"]


@pytest.mark.parametrize(("every", "validation"), [(0, 0), (1, 5), (2, 2), (11, 0)])
def test_other_shares_for_validation(tmp_path: Path, every: int, validation: int) -> None:
    touch(tmp_path, *(f"{name}.mp4" for name in "abcde"))
    clips = discover(tmp_path, PrepareOptions(validation_every=every))
    assert sum(clip.split == "validation" for clip in clips) == validation


@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
        min_size=1,
        max_size=3,
    )
)
def test_any_file_name_gives_an_id_that_a_shard_can_hold(parts: list[str]) -> None:
    parts = [part if part not in (".", "..") else "dots" for part in parts]
    check_clip_id(clip_id_of(Path(*parts).with_name(f"{parts[-1]}.mp4")))


def test_ids_of_similar_names_differ() -> None:
    names = [
        "my clip.mp4",
        "my_clip.mp4",
        "my.clip.mp4",
        "my-clip.mp4",
        "mÿ_clip.mp4",
        "x" * 80 + "1.mp4",
        "x" * 80 + "2.mp4",
    ]
    assert len({clip_id_of(Path(name)) for name in names}) == len(names)
    assert clip_id_of(Path("a/my_clip-2.mp4")) == "a/my_clip-2"


def test_source_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent is not a folder"):
        discover(tmp_path / "absent", FOLDER)
    for options in (FOLDER, GRID):
        with pytest.raises(InputError, match="no video"):
            discover(tmp_path, options)


def test_same_name_twice(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.mkv")
    with pytest.raises(InputError, match=r"a\.mkv and .*a\.mp4 have the same name"):
        discover(tmp_path, FOLDER)
