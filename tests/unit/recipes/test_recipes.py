"""What holds for every recipe: names, splits, refusals; and the recipes for plain folders and for GRID."""

import os
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.corpus.shards import check_clip_id
from pase.errors import InputError
from pase.recipes.base import RefusedVideo, SourceVideo, discover, name_of
from pase.recipes.folder import FOLDER
from pase.recipes.grid import GRID, grid_sentence


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
    touch(tmp_path, "anna/notes.txt", ".hidden/d.mp4", "anna/.e.mp4", "loose.avi", "loose.lab", "ben/c.ctm", "mp4")
    videos = {video.name: video for video in discover(tmp_path, FOLDER).videos}
    assert list(videos) == ["anna/one", "anna/two", "ben/c", "loose"]
    assert [video.speaker for video in videos.values()] == ["anna", "anna", "ben", tmp_path.name]
    assert videos["anna/one"].transcript == tmp_path / "anna/one.txt"
    assert videos["anna/two"].given == tmp_path / "anna/two.TextGrid"
    assert videos["anna/two"].transcript == tmp_path / "anna/two.txt"
    assert videos["loose"].transcript == tmp_path / "loose.lab"
    assert videos["ben/c"].given == tmp_path / "ben/c.ctm"
    assert videos["anna/one"].given is videos["ben/c"].transcript is None
    assert videos["anna/two"].path == "anna/two.MOV"
    assert videos["anna/two"].landmarks == tmp_path / "anna/two.landmarks.npz"


def test_files_are_those_that_exist(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.txt", "a.landmarks.npz")
    (video,) = discover(tmp_path, FOLDER).videos
    assert video.files == (tmp_path / "a.mp4", tmp_path / "a.txt", tmp_path / "a.landmarks.npz")
    assert replace(video, audio=tmp_path / "gone.m4a").files == video.files


def test_grid_with_video_and_align(tmp_path: Path) -> None:
    touch(tmp_path, "video/bbaf2n.mp4", "align/bbaf2n.align", "video/swiz3n.mp4")
    with_align, by_name = discover(tmp_path, GRID).videos
    assert (with_align.given, with_align.text) == (tmp_path / "align/bbaf2n.align", "")
    assert (by_name.given, by_name.text) == (None, "set white in z three now")
    assert (with_align.name, by_name.name) == ("bbaf2n", "swiz3n")
    assert with_align.speaker == by_name.speaker == tmp_path.name


def test_grid_bare_folder_trusts_whole_codes_only(tmp_path: Path) -> None:
    touch(tmp_path, "sbwe5n.mpg", "x_bbbx9s.mpg")
    assert [(video.name, video.text) for video in discover(tmp_path, GRID).videos] == [
        ("sbwe5n", "set blue with e five now"),
        ("x_bbbx9s", ""),
    ]


@pytest.mark.parametrize("align", ["s1/align", "alignments/s1"])
@pytest.mark.parametrize("inner", ["", "/video", "/video/mpg_6000"])
def test_grid_as_the_several_downloads_lie(tmp_path: Path, align: str, inner: str) -> None:
    touch(tmp_path, f"s1{inner}/bbaf2n.mpg", f"{align}/bbaf2n.align", f"s2{inner}/bbaf2n.mpg")
    first, second = discover(tmp_path, GRID).videos
    assert (first.name, first.speaker, first.given) == ("s1/bbaf2n", "s1", tmp_path / align / "bbaf2n.align")
    assert (second.name, second.speaker, second.given) == ("s2/bbaf2n", "s2", None)


def test_every_eleventh_of_880_is_for_validation(tmp_path: Path) -> None:
    codes = islice(product("bslp", "bgrw", "abiw", "abcde", "z12", "a"), 880)
    touch(tmp_path, *(f"video/{''.join(code)}.mp4" for code in codes))
    videos = discover(tmp_path, GRID).videos
    assert Counter(video.split for video in videos) == {"train": 800, "validation": 80}
    assert [video.split for video in videos[:12]] == ["train"] * 10 + ["validation", "train"]


@pytest.mark.parametrize(("every", "validation"), [(0, 0), (1, 5), (2, 2), (11, 0)])
def test_other_shares_for_validation(tmp_path: Path, every: int, validation: int) -> None:
    touch(tmp_path, *(f"{name}.mp4" for name in "abcde"))
    videos = discover(tmp_path, FOLDER, every).videos
    assert sum(video.split == "validation" for video in videos) == validation


def test_whole_speakers_are_held_out(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{speaker}/{clip}.mp4" for speaker in "abcd" for clip in "xyz"))
    videos = discover(tmp_path, replace(FOLDER, hold_out="speaker"), 2).videos
    assert {video.speaker for video in videos if video.split == "validation"} == {"b", "d"}
    assert {video.speaker for video in videos if video.split == "train"} == {"a", "c"}


def test_splits_of_the_corpus_hold(tmp_path: Path) -> None:
    videos = [
        SourceVideo(name, "s", tmp_path / name, name, split) for name, split in (("a", "test"), ("b", ""), ("c", ""))
    ]
    listing = discover(tmp_path, replace(FOLDER, find=lambda source: videos), 1)
    assert [video.split for video in listing.videos] == ["test", "validation", "validation"]


_NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=60)


@given(st.lists(_NAMES, min_size=1, max_size=3))
def test_any_path_gives_a_name_that_a_shard_can_hold(parts: list[str]) -> None:
    name = name_of("/".join(parts) + ".mp4")
    assert check_clip_id(f"{name}--12")
    assert len(name) > 72 or name_of(f"{name}.mp4") == name


@given(st.sets(st.text("ab-_. ü/0", min_size=1, max_size=6), min_size=2))
def test_different_paths_give_different_names(paths: set[str]) -> None:
    assert len({name_of(f"{path}.mp4") for path in paths}) == len(paths)


@pytest.mark.parametrize("path", ["é-.mp4", "x" * 71 + "-y.mp4", "ü/-.mp4", "--1.mp4"])
def test_hashed_names_are_not_taken_for_pieces(path: str) -> None:
    assert "--" not in name_of(path)[1:]


def test_names_of_similar_and_long_paths_differ() -> None:
    names = ["my clip.mp4", "my_clip.mp4", "my.clip.mp4", "my-clip.mp4", "mÿ_clip.mp4", "clip--01.mp4", "clip.mp4"]
    names += ["x" * 80 + "1.mp4", "x" * 80 + "2.mp4"]
    assert len({name_of(name) for name in names}) == len(names)
    assert name_of(Path("a/my_clip-2.mp4")) == "a/my_clip-2"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text("aB .-é\udcff\n", min_size=1, max_size=4), min_size=1, max_size=3), max_size=8))
def test_every_video_is_listed_once_or_refused(paths: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        touch(source, "sure.mp4")
        for *folders, file in paths:
            touch(source, "/".join([*(f"in{name}" for name in folders), f"v{file}.mp4"]))
        listing = discover(source, FOLDER)
        assert len(listing.videos) + len(listing.refused) == sum(len(files) for *_, files in os.walk(source))
        assert len({video.name for video in listing.videos}) == len(listing.videos)
        assert all(video.path.encode() for video in listing.videos)


def test_same_name_twice_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.mkv", "b.mp4")
    listing = discover(tmp_path, FOLDER)
    assert [video.path for video in listing.videos] == ["a.mkv", "b.mp4"]
    (refused,) = listing.refused
    assert (refused.name, refused.path, refused.reason) == ("a", "a.mp4", "duplicate_name")
    assert "a.mkv" in refused.detail


@pytest.mark.parametrize("name", ["bad\udcff.mp4", "bad\udcff/clip.mp4", "a\tb.mp4", "a\nb/clip.mp4"])
def test_name_that_no_table_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name, "good.mp4")
    listing = discover(tmp_path, FOLDER)
    assert [video.name for video in listing.videos] == ["good"]
    assert listing.refused[0].reason == "unreadable_name"
    assert listing.refused[0].path.isprintable()


def test_source_missing_or_empty(tmp_path: Path) -> None:
    touch(tmp_path, "file.mp4")
    for name in ("absent", "file.mp4", "x" * 300):
        with pytest.raises(InputError, match=f"{name} is not a folder"):
            discover(tmp_path / name, FOLDER)
    (tmp_path / "file.mp4").unlink()
    with pytest.raises(InputError, match="lies nothing"):
        discover(tmp_path, FOLDER)
    touch(tmp_path, "sub/notes.txt", *(f"{n}.jpg" for n in range(9)))
    with pytest.raises(InputError, match=r"expects: any videos .*lie sub/, 0\.jpg, .* and 4 more"):
        discover(tmp_path, FOLDER)


def test_source_of_refused_videos_only(tmp_path: Path) -> None:
    refused = RefusedVideo("a", "a.mp4", "not_listed", "it is in no list")
    with pytest.raises(InputError, match=r"none of 1 videos .* a\.mp4: it is in no list"):
        discover(tmp_path, replace(FOLDER, find=lambda source: [refused]))


@pytest.mark.parametrize("name", ["a b", "a.mp4", "", "clip--01", "x" * 99])
def test_recipe_that_makes_up_names(name: str) -> None:
    with pytest.raises(InputError):
        SourceVideo(name, "speaker", Path("a.mp4"), "a.mp4")


def test_recipe_that_makes_up_splits() -> None:
    with pytest.raises(InputError, match="'dev' is not one of train, validation, test"):
        SourceVideo("a", "speaker", Path("a.mp4"), "a.mp4", split="dev")
