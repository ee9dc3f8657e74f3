"""Walking folders: links, loops, hidden and odd files, folders that cannot be read."""

import os
from pathlib import Path

import pytest
from tests.lookalikes import build

from pase.errors import InputError
from pase.recipes.base import discover
from pase.recipes.catalogue import RECIPES
from pase.recipes.folder import FOLDER
from pase.recipes.tree import list_folder, locate, walk


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def seen(source: Path) -> list[str]:
    return [folder.relative(file) for folder in walk(source) for file in sorted(folder.files)]


def test_order_is_that_of_the_names(tmp_path: Path) -> None:
    touch(tmp_path, "b/2", "b/1", "a/z/3", "a/y", "c")
    assert seen(tmp_path) == ["c", "a/y", "a/z/3", "b/1", "b/2"]


def test_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.mp4")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/here").symlink_to(".")
    (tmp_path / "self").symlink_to("self")
    assert seen(tmp_path) == ["self", "a/x.mp4"]


def test_links_to_folders_elsewhere_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "disk/anna/one.mp4", "source/ben/two.mp4")
    (tmp_path / "source/anna").symlink_to(tmp_path / "disk/anna")
    assert seen(tmp_path / "source") == ["ben/two.mp4", "anna/one.mp4"]


def test_a_folder_reached_by_two_ways_is_listed_once_at_its_own_place(tmp_path: Path) -> None:
    touch(tmp_path, "z/one.mp4")
    (tmp_path / "a").symlink_to("z")
    assert seen(tmp_path) == ["z/one.mp4"]


def test_hidden_and_skipped_folders_are_not_entered(tmp_path: Path) -> None:
    touch(tmp_path, ".git/a.mp4", "lost+found/b.mp4", "raw/c.mp4", "keep/raw/d.mp4", "keep/._e.mp4", "keep/f.mp4")
    found = [folder.relative(file) for folder in walk(tmp_path, skip=("raw",)) for file in folder.files]
    assert found == ["keep/f.mp4"]


def test_links_that_lead_nowhere_are_listed_and_pipes_are_not(tmp_path: Path) -> None:
    (tmp_path / "gone.mp4").symlink_to("nowhere.mp4")
    (tmp_path / "round.mp4").symlink_to("round.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "to_pipe.mp4").symlink_to("pipe.mp4")
    assert list_folder(tmp_path).videos == ["gone.mp4", "round.mp4"]
    assert [video.name for video in discover(tmp_path, FOLDER).videos] == ["gone", "round"]


def test_videos_of_cameras_discs_and_broadcasts_are_found(tmp_path: Path) -> None:
    names = [f"a.{suffix}" for suffix in ("3gp", "MTS", "asf", "m2ts", "m2v", "mp4", "mxf", "ogv", "vob")]
    touch(tmp_path, *names, "a.wav", "a.TextGrid", "m2v")
    assert list_folder(tmp_path).videos == sorted(names)


def test_folder_called_as_a_video(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4/b.mp4")
    assert [folder.videos for folder in walk(tmp_path)] == [[], ["b.mp4"]]


def test_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "shut/a.mp4")
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("pase.recipes.tree.os.scandir", refusing)
    with pytest.raises(InputError, match=r"shut cannot be listed: Permission denied\. Mend"):
        list(walk(tmp_path))


def test_beside_takes_the_first_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "a.v1.mp4", "a.v1.txt", "a.v1.lab", "a.txt")
    folder = list_folder(tmp_path)
    assert folder.beside("a.v1.mp4", (".TextGrid", ".lab", ".txt")) == tmp_path / "a.v1.lab"
    assert folder.beside("a.v1.mp4", (".ctm",)) is None


def test_locate_here_below_or_the_source_itself(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/test/x", "corpus/dev/y", "other/z")
    for source, parts in (
        (tmp_path, [("corpus", "dev"), ("corpus", "test")]),
        (tmp_path / "corpus", [("dev",), ("test",)]),
        (tmp_path / "corpus/test", [()]),
        (tmp_path / "other", []),
    ):
        assert [folder.parts for folder in locate(source, ("dev", "test"))] == parts


def test_locate_twice(tmp_path: Path) -> None:
    touch(tmp_path, "one/test/x", "two/dev/x")
    with pytest.raises(InputError, match=r"several folders: .*one, .*two\. Name one"):
        locate(tmp_path, ("dev", "test"))


@pytest.mark.parametrize("recipe", RECIPES)
def test_files_are_told_by_the_listing_alone(tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million files on a network disk: looking at each is what takes hours."""
    build(recipe, tmp_path, Path.touch)
    folders = [folder for folder, *_ in os.walk(tmp_path)]
    looks = count_looks(monkeypatch, tmp_path, recipe)
    for folder in folders:
        for video in sorted(Path(folder).glob("*.mp[4g]")):
            for number in range(30):
                video.with_stem(f"{video.stem}{number}").touch()
    assert count_looks(monkeypatch, tmp_path, recipe) == looks


def count_looks(monkeypatch: pytest.MonkeyPatch, source: Path, recipe: str) -> int:
    """How often a recipe asks the file system about single files and folders."""
    looks = 0
    stat = os.stat

    def counting(*arguments: object, **options: object) -> os.stat_result:
        nonlocal looks
        looks += 1
        return stat(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", counting)
        found = list(RECIPES[recipe].find(source))
    assert found
    return looks
