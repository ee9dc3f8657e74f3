"""Each shipped recipe on a look-alike of its corpus."""

import shutil
from pathlib import Path

import pytest
from tests.lookalikes import LOOKALIKES, Expected, build, write

from pase.errors import InputError
from pase.recipes.base import SourceVideo, discover
from pase.recipes.catalogue import RECIPES, recipe_of
from pase.recipes.hdtf import HDTF, speaker_of
from pase.recipes.lrs2 import LRS2
from pase.recipes.lrs3 import LRS3
from pase.recipes.mead import MEAD, SENTENCES
from pase.recipes.voxceleb2 import VOXCELEB2


def by_name(source: Path, recipe: str) -> dict[str, SourceVideo]:
    return {video.name: video for video in discover(source, recipe_of(recipe), 2).videos}


def facts(source: Path, recipe: str) -> dict[str, Expected]:
    return {name: Expected(video.speaker, video.split) for name, video in by_name(source, recipe).items()}


def test_every_recipe_has_a_lookalike() -> None:
    assert LOOKALIKES.keys() == RECIPES.keys()


@pytest.mark.parametrize("recipe", RECIPES)
def test_names_speakers_and_splits(tmp_path: Path, recipe: str) -> None:
    expected = build(recipe, tmp_path, Path.touch)
    assert facts(tmp_path, recipe) == expected
    assert discover(tmp_path, recipe_of(recipe)).refused == ()


@pytest.mark.parametrize("recipe", RECIPES)
def test_files_that_are_named_exist_and_lie_in_the_source(tmp_path: Path, recipe: str) -> None:
    build(recipe, tmp_path, Path.touch)
    for video in by_name(tmp_path, recipe).values():
        assert video.video == tmp_path / video.path
        assert all(path.is_file() for path in (video.video, *video.files))


@pytest.mark.parametrize("recipe", sorted(RECIPES.keys() - {"folder", "grid", "speech"}))  # named by all folders
def test_one_level_deeper_gives_the_same(tmp_path: Path, recipe: str) -> None:
    expected = build(recipe, tmp_path / "corpus" if recipe != "lrs2" else tmp_path, Path.touch)
    assert facts(tmp_path, recipe) == expected


@pytest.mark.parametrize("recipe", sorted(RECIPES.keys() - {"folder", "grid"}))
def test_another_layout_is_refused_with_what_was_expected_and_found(tmp_path: Path, recipe: str) -> None:
    write(tmp_path / "some" / "where.mp4")
    with pytest.raises(InputError) as caught:
        discover(tmp_path, recipe_of(recipe))
    assert "where.mp4" in str(caught.value) or "lie some/" in str(caught.value)


def test_lrs_transcripts(tmp_path: Path) -> None:
    build("lrs3", tmp_path, Path.touch)
    videos = by_name(tmp_path, "lrs3")
    assert all(video.transcript_format == "lrs" and video.transcript for video in videos.values())
    assert videos["pretrain/0Fi83BHQsMA/00002"].given == tmp_path / "pretrain/0Fi83BHQsMA/00002.txt"
    assert videos["trainval/0Fi83BHQsMA/50001"].given is None
    write(tmp_path / "pretrain/0Fi83BHQsMA/00002.TextGrid")
    assert by_name(tmp_path, "lrs3")["pretrain/0Fi83BHQsMA/00002"].given.suffix == ".TextGrid"


@pytest.mark.parametrize("part", ["pretrain", "trainval", "test"])
def test_lrs3_in_parts(tmp_path: Path, part: str) -> None:
    expected = build("lrs3", tmp_path, Path.touch)
    names = {name for name in expected if name.startswith(part)}
    assert by_name(tmp_path / part, "lrs3").keys() == names
    for other in {"pretrain", "trainval", "test"} - {part}:
        shutil.rmtree(tmp_path / other)
    assert by_name(tmp_path, "lrs3").keys() == names


def test_lrs3_video_at_another_place_is_refused(tmp_path: Path) -> None:
    build("lrs3", tmp_path, Path.touch)
    write(tmp_path / "test/loose.mp4")
    (refused,) = discover(tmp_path, LRS3).refused
    assert (refused.path, refused.reason) == ("test/loose.mp4", "unexpected_place")


def test_lrs2_without_its_lists_is_refused(tmp_path: Path) -> None:
    build("lrs2", tmp_path, Path.touch)
    (tmp_path / "test.txt").unlink()
    with pytest.raises(InputError, match=r"train\.txt, val\.txt and test\.txt .* put all three beside main/"):
        discover(tmp_path, LRS2)
    shutil.rmtree(tmp_path / "mvlrs_v1/main")
    assert [video.split for video in discover(tmp_path, LRS2).videos] == ["train"]


@pytest.mark.parametrize("place", ["mvlrs_v1", "filelists", "mvlrs_v1/filelists"])
@pytest.mark.parametrize("source", ["", "mvlrs_v1", "mvlrs_v1/main"])
def test_lrs2_finds_its_lists(tmp_path: Path, place: str, source: str) -> None:
    expected = build("lrs2", tmp_path, Path.touch)
    for name in ("train", "val", "test"):
        write(tmp_path / place / f"{name}.txt", (tmp_path / f"{name}.txt").read_text())
        (tmp_path / f"{name}.txt").unlink()
    found = facts(tmp_path / source, "lrs2")
    assert found == {name: fact for name, fact in expected.items() if name in found}
    assert {fact.split for fact in found.values()} == {"train", "validation", "test"}


def test_lrs2_utterance_in_no_list_is_refused(tmp_path: Path) -> None:
    expected = build("lrs2", tmp_path, Path.touch)
    write(tmp_path / "mvlrs_v1/main/5535415699068794046/00099.mp4")
    listing = discover(tmp_path, LRS2)
    assert [refused.reason for refused in listing.refused] == ["not_listed"]
    assert len(listing.videos) == len(expected)


@pytest.mark.parametrize(("corpus", "recipe"), [("lrs2", LRS3), ("lrs3", LRS2)])
def test_lrs2_and_lrs3_are_not_taken_for_each_other(tmp_path: Path, corpus: str, recipe: object) -> None:
    build(corpus, tmp_path, Path.touch)
    with pytest.raises(InputError, match=f"use --recipe {corpus}"):
        discover(tmp_path, recipe)


@pytest.mark.parametrize(
    ("stem", "speaker"),
    [
        ("WRA_KristiNoem2_001", "KristiNoem"),
        ("WDA_LucilleRoybal-Allard_000", "LucilleRoybal-Allard"),
        ("WDA_BarackObama_000_cfr25", "BarackObama"),
        ("RD_Radio34_003", "Radio34"),
        ("Radio11_0", "Radio11"),
        ("JamesClyburn1_0", "JamesClyburn"),
        ("WDA_WhipJimClyburn_000", "JamesClyburn"),
        ("WDA_BarackObama", ""),
        ("01_02", ""),
    ],
)
def test_hdtf_speakers(stem: str, speaker: str) -> None:
    assert speaker_of(stem) == speaker


def test_hdtf_whole_video_is_refused(tmp_path: Path) -> None:
    build("hdtf", tmp_path, Path.touch)
    write(tmp_path / "WDA_BarackObama.mp4")
    (refused,) = discover(tmp_path, HDTF).refused
    assert (refused.path, refused.reason) == ("WDA_BarackObama.mp4", "unexpected_name")


def test_hdtf_same_clip_in_two_sizes_is_taken_once(tmp_path: Path) -> None:
    write(tmp_path / "256/RD_Radio1_000.mp4")
    write(tmp_path / "512/RD_Radio1_000.mp4")
    listing = discover(tmp_path, HDTF)
    assert ([video.path for video in listing.videos], [refused.reason for refused in listing.refused]) == (
        ["256/RD_Radio1_000.mp4"],
        ["duplicate_name"],
    )


def test_mead_sound_and_sentences(tmp_path: Path) -> None:
    build("mead", tmp_path, Path.touch, words="she sells sea shells")
    man, woman = by_name(tmp_path, "mead").values()
    assert man.audio == tmp_path / "M003/audio/angry/level_1/001.m4a"
    assert (man.text, woman.text) == ("", "SHE SELLS SEA SHELLS")
    write(tmp_path / "W009/video/front/disgusted/level_3/002.txt", "heard otherwise")
    woman = by_name(tmp_path, "mead")["W009/front/disgusted/level_3/002"]
    assert (woman.text, woman.transcript) == ("", woman.video.with_suffix(".txt"))


@pytest.mark.parametrize("source", ["M003", "M003/video"])
def test_mead_one_actor(tmp_path: Path, source: str) -> None:
    build("mead", tmp_path, Path.touch)
    assert list(by_name(tmp_path / source, "mead")) == ["M003/front/angry/level_1/001"]


def test_mead_with_an_archive_name_between(tmp_path: Path) -> None:
    build("mead", tmp_path / "parts", Path.touch)
    shutil.copytree(tmp_path / "parts/M003", tmp_path / "M003/1")
    shutil.rmtree(tmp_path / "parts")
    (video,) = by_name(tmp_path, "mead").values()
    assert (video.name, video.speaker) == ("M003/front/angry/level_1/001", "M003")
    assert video.audio == tmp_path / "M003/1/audio/angry/level_1/001.m4a"


def test_mead_damaged_sentences(tmp_path: Path) -> None:
    build("mead", tmp_path, Path.touch)
    write(tmp_path / SENTENCES, "M003_level_1_angry_001 SAID\n\nM003 angry SAID\n")
    with pytest.raises(InputError, match="line 3: expected 'M003_level_1_angry_001 SENTENCE', found 'M003 angry SAID'"):
        discover(tmp_path, MEAD)


def test_voxceleb2_sound(tmp_path: Path) -> None:
    build("voxceleb2", tmp_path, Path.touch)
    videos = by_name(tmp_path, "voxceleb2")
    assert videos["dev/id00012/21Uxsk56VDQ/00001"].audio == tmp_path / "dev/aac/id00012/21Uxsk56VDQ/00001.m4a"
    assert videos["dev/id00015/0fijmz4vTVU/00001"].audio is None
    (tmp_path / "dev/aac").rename(tmp_path / "aac")
    first = by_name(tmp_path, "voxceleb2")["dev/id00012/21Uxsk56VDQ/00001"]
    assert first.audio == tmp_path / "aac/id00012/21Uxsk56VDQ/00001.m4a"


@pytest.mark.parametrize("part", ["dev", "test"])
def test_voxceleb2_in_parts_and_without_mp4(tmp_path: Path, part: str) -> None:
    expected = build("voxceleb2", tmp_path, Path.touch)
    names = {name for name in expected if name.startswith(part)}
    assert by_name(tmp_path / part, "voxceleb2").keys() == names
    for identity in (tmp_path / part / "mp4").iterdir():
        identity.rename(tmp_path / part / identity.name)
    assert by_name(tmp_path / part, "voxceleb2").keys() == names


def test_voxceleb2_video_at_another_place_is_refused(tmp_path: Path) -> None:
    build("voxceleb2", tmp_path, Path.touch)
    write(tmp_path / "dev/mp4/id00012/00001.mp4")
    (refused,) = discover(tmp_path, VOXCELEB2).refused
    assert (refused.path, refused.reason) == ("dev/mp4/id00012/00001.mp4", "unexpected_place")


def test_speech_has_no_picture_and_its_words_come_from_beside_it(tmp_path: Path) -> None:
    build("speech", tmp_path, Path.touch, "hello there")
    write(tmp_path / "ben/take.TextGrid")
    write(tmp_path / "anna/film.mp4")
    sounds = by_name(tmp_path, "speech")
    assert not any(sound.seen for sound in sounds.values())
    assert "anna/film" not in sounds
    assert sounds["84/121123/84-121123-0001"].text == "HELLO THERE"
    assert sounds["anna/hello"].transcript == tmp_path / "anna/hello.lab"
    last = sounds["ben/take"]
    assert (last.given, last.transcript, last.text) == (tmp_path / "ben/take.TextGrid", None, "")


def test_a_broken_list_of_what_is_said_is_named(tmp_path: Path) -> None:
    build("speech", tmp_path, Path.touch)
    write(tmp_path / "84/121123/84-121123.trans.txt", "84-121123-0000 HELLO\n\n84-121123-0001\n")
    with pytest.raises(
        InputError, match=r"84-121123\.trans\.txt, line 3: expected 'NAME WORDS', found '84-121123-0001'"
    ):
        discover(tmp_path, recipe_of("speech"))


def test_speech_straight_in_the_source_is_of_one_speaker(tmp_path: Path) -> None:
    write(tmp_path / "lj/LJ001-0001.wav")
    assert {video.speaker for video in by_name(tmp_path / "lj", "speech").values()} == {"lj"}
