"""Records of stages: when a result is used again, and when it is made anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pase.errors import InputError, UnusableClipError
from pase.execution.local import LocalExecutor
from pase.preparation.runner import StageRunner, batches_of
from pase.preparation.stage import Stage, StageResult, StageTask, load_record, value_of
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo


@dataclass
class First(Stage):
    """Gives the length of the video file, and a file beside the record."""

    name = "first"
    setting: int = 0
    ran: list[str] = field(default_factory=list)

    def settings(self) -> Mapping[str, Any]:
        return {"setting": self.setting}

    def files(self, video: SourceVideo) -> Sequence[Path]:
        return (video.video,)

    def listed(self, video: SourceVideo) -> Sequence[str]:
        return (video.text,)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        self.ran.append(video.name)
        size = video.video.stat().st_size
        if not size:
            raise UnusableClipError("empty", f"{video.video} is empty")
        return StageResult({"size": size}, media={f"{video.name}.bin": b"x" * size})


@dataclass
class Second(Stage):
    """Doubles what the first gave."""

    name = "second"
    needs = ("first",)
    ran: list[str] = field(default_factory=list)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        self.ran.append(video.name)
        return StageResult(2 * value_of(work, "first", video.name)["size"])


@dataclass
class Batched(Second):
    """The same for several videos at once; may fail as a whole."""

    fails: Callable[[Sequence[str]], bool] = lambda names: False

    @property
    def batch_size(self) -> int:
        return 4

    def run_batch(self, videos: Sequence[SourceVideo], work: WorkFolder) -> list[StageResult]:
        if self.fails([video.name for video in videos]):
            raise RuntimeError("the batch failed")
        return super().run_batch(videos, work)


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "work")


def video(folder: Path, name: str, size: int = 3, speaker: str = "anna", text: str = "") -> SourceVideo:
    path = folder / f"{name}.mp4"
    if not path.exists():
        path.write_bytes(b"v" * size)
    return SourceVideo(name, speaker, path, path.name, text=text)


def run(stage: Stage, work: WorkFolder, *videos: SourceVideo) -> None:
    StageTask.of(stage, work)(videos)


def test_a_result_is_used_as_long_as_what_it_was_made_of_holds(tmp_path: Path, work: WorkFolder) -> None:
    own = video(tmp_path, "a")
    first = First()
    changes: list[Callable[[], object]] = [
        lambda: None,  # the first time
        lambda: setattr(first, "setting", 1),
        lambda: own.video.write_bytes(b"longer"),
        lambda: work.path("first", "a.bin").unlink(),
        lambda: work.path("first", "a.bin").write_bytes(b""),
        lambda: work.path("first", "a.json").write_text("{"),
    ]
    for count, change in enumerate(changes, start=1):
        change()
        run(first, work, own)
        run(first, work, own)
        assert len(first.ran) == count
    run(first, work, replace(own, text="hello"))
    assert len(first.ran) == len(changes) + 1


def test_a_later_stage_follows_only_where_the_result_has_changed(tmp_path: Path, work: WorkFolder) -> None:
    own = video(tmp_path, "a")
    first, second = First(), Second()
    for setting in (0, 1):  # another setting, the same result
        first.setting = setting
        run(first, work, own)
        run(second, work, own)
    assert (first.ran, second.ran) == (["a", "a"], ["a"])
    own.video.write_bytes(b"longer")
    run(first, work, own)
    run(second, work, own)
    assert second.ran == ["a", "a"]
    assert value_of(work, "second", "a") == 12


def test_a_refusal_is_a_result(tmp_path: Path, work: WorkFolder) -> None:
    own = video(tmp_path, "a", size=0)
    first = First()
    (outcome,) = StageTask.of(first, work)([own])
    assert (outcome.alive, outcome.resumed) == (False, False)
    (outcome,) = StageTask.of(first, work)([own])
    assert (outcome.alive, outcome.resumed) == (False, True)
    record = load_record(work, "first", "a")
    assert record is not None
    assert [(refusal.clip, refusal.reason) for refusal in record.refused] == [("a", "empty")]


def test_no_old_record_is_ever_beside_new_media(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = video(tmp_path, "a")
    first = First()
    run(first, work, own)
    own.video.write_bytes(b"new")

    def full(folder: WorkFolder, stage: str, name: str, value: object) -> None:
        raise InputError("No space left on device")

    with monkeypatch.context() as patch, pytest.raises(InputError):
        patch.setattr(WorkFolder, "write_json", full)
        run(first, work, own)
    assert load_record(work, "first", "a") is None


def test_batches_keep_speakers_together_and_a_change_stays_with_its_speaker(tmp_path: Path, work: WorkFolder) -> None:
    videos = [
        video(tmp_path, f"{speaker}{n}", speaker=speaker) for speaker in ("anna", "ben", "cora") for n in range(3)
    ]
    stage = Batched()
    names = [[item.name for item in batch] for batch in batches_of(stage, videos[::-1])]
    assert names == [["anna0", "anna1", "anna2"], ["ben0", "ben1", "ben2"], ["cora0", "cora1", "cora2"]]
    assert batches_of(First(), videos) == [(item,) for item in videos]
    pair = [videos[0], videos[3]]
    run(First(), work, *videos)
    run(stage, work, *pair)
    run(stage, work, *pair)
    assert stage.ran == ["anna0", "ben0"]
    run(stage, work, videos[0], videos[3], videos[4])  # ben has said more: his results may change, and so may the batch
    assert len(stage.ran) == 5


def test_a_batch_that_fails_is_halved_down_to_the_culprit(tmp_path: Path, work: WorkFolder) -> None:
    videos = [video(tmp_path, name) for name in "abcd"]
    first, second = First(), Batched(fails=lambda names: "c" in names)
    runner = StageRunner(LocalExecutor(0), work, [first, second])
    assert runner.run(1, videos) == videos
    assert [item.name for item in runner.run(2, videos)] == ["a", "b", "d"]
    assert list(runner.lost) == ["c"]
    assert runner.lost["c"].refusal.reason == "internal_error"
    assert "the batch failed" in runner.lost["c"].refusal.detail
    assert load_record(work, "second", "c") is None
