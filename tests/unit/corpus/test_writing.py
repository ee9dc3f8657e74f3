"""Writing a corpus shard by shard: plan, shards in any order and process, manifest."""

import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.encoded import EncodedClip
from pase.corpus.store import Corpus, write_encoded
from pase.corpus.writing import ClipPart, plan_shards, write_manifest, write_shard
from pase.errors import InputError


def encode(clip_id: str, frames: int = 6, split: str = "train") -> EncodedClip:
    rng = np.random.default_rng(sum(clip_id.encode()))
    record = ClipRecord(clip_id, "s1", split, frames, frames * 640, "", None, "", f"{clip_id}.mp4")
    return EncodedClip.encode(
        Clip(
            record,
            rng.normal(0, 0.1, frames * 640).astype(np.float32),
            rng.integers(90, 110, (frames, 96, 96, 3)).astype(np.uint8),
            rng.normal(0, 0.3, (frames, 40, 2)).astype(np.float32),
        )
    )


@pytest.fixture(scope="module")
def clips() -> list[EncodedClip]:
    return [encode(f"s1/clip_{number}") for number in range(5)]


def parts_of(clips: list[EncodedClip], folder: Path, split: str = "train") -> dict[str, ClipPart]:
    parts = {}
    for number, clip in enumerate(clips):
        path = folder / f"{number}.part"
        path.write_bytes(clip.pack())
        parts[clip.record.clip_id] = ClipPart(clip.record.clip_id, path, split)
    return parts


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


sizes = st.lists(st.integers(1, 50), max_size=40)


@given(sizes=sizes, limit=st.integers(1, 120))
def test_a_plan_holds_every_clip_once_in_order_and_within_the_limit(sizes: list[int], limit: int) -> None:
    named = [(f"c{number:03d}", size) for number, size in enumerate(sizes)]
    plans = list(plan_shards(named, limit))
    assert [clip for plan in plans for clip in plan.clip_ids] == [clip for clip, _ in named]
    assert [plan.name for plan in plans] == [f"{number:06d}.tar" for number in range(len(plans))]
    totals = [sum(dict(named)[clip] for clip in plan.clip_ids) for plan in plans]
    assert all(total <= limit or len(plan.clip_ids) == 1 for plan, total in zip(plans, totals, strict=True))
    firsts = [dict(named)[plan.clip_ids[0]] for plan in plans[1:]]
    assert all(total + first > limit for total, first in zip(totals, firsts, strict=False))  # none closed early


@pytest.mark.parametrize("ids", [("b", "a"), ("a", "a")])
def test_clips_of_a_plan_are_sorted_and_unique(ids: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="unique and sorted"):
        list(plan_shards([(clip_id, 1) for clip_id in ids], 1))


def test_shards_by_other_processes_in_any_order_give_the_same_corpus(tmp_path: Path, clips: list[EncodedClip]) -> None:
    limit = clips[0].media_bytes * 2 + 100
    write_encoded(tmp_path / "whole", clips, "folder", {"a": 1}, limit)
    (tmp_path / "parts").mkdir()
    parts = parts_of(clips, tmp_path / "parts")
    plans = list(plan_shards(((clip.record.clip_id, clip.media_bytes) for clip in clips), limit))
    assert len(plans) == 3
    target = tmp_path / "split"
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        tasks = [
            pool.submit(write_shard, target, plan.name, [parts[clip] for clip in plan.clip_ids])
            for plan in reversed(plans)
        ]
        shards = [task.result() for task in reversed(tasks)]
    with pytest.raises(InputError, match="not a prepared corpus"):
        Corpus.open(target)
    write_manifest(target, shards, "folder", {"a": 1})
    assert files_of(target) == files_of(tmp_path / "whole")


def test_the_split_is_that_of_the_part(tmp_path: Path, clips: list[EncodedClip]) -> None:
    parts = parts_of(clips, tmp_path, "validation")
    shard = write_shard(tmp_path / "corpus", "000000.tar", list(parts.values()))
    write_manifest(tmp_path / "corpus", [shard])
    corpus = Corpus.open(tmp_path / "corpus")
    assert len(corpus.split("validation")) == len(clips)
    assert {clip.record.split for clip in corpus} == {"validation"}


def test_old_shards_go_and_other_files_stay(tmp_path: Path, clips: list[EncodedClip]) -> None:
    write_encoded(tmp_path, clips, shard_bytes=1)
    (tmp_path / "shards" / "notes.txt").write_text("mine")
    corpus = write_encoded(tmp_path, clips[:1])
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["000000.tar", "notes.txt"]
    assert [clip.record.clip_id for clip in corpus] == ["s1/clip_0"]


def test_writing_a_shard_makes_the_corpus_unfinished(tmp_path: Path, clips: list[EncodedClip]) -> None:
    write_encoded(tmp_path, clips)
    write_shard(tmp_path, "000000.tar", clips[:1])
    with pytest.raises(InputError, match=r"no corpus\.json"):
        Corpus.open(tmp_path)


def test_a_damaged_part_leaves_no_shard(tmp_path: Path, clips: list[EncodedClip]) -> None:
    parts = parts_of(clips, tmp_path)
    broken = parts["s1/clip_1"]
    broken.path.write_bytes(broken.path.read_bytes()[:-512])
    with pytest.raises(InputError, match=r"1\.part cannot be used .* Delete it"):
        write_shard(tmp_path / "corpus", "000000.tar", list(parts.values()))
    assert not list((tmp_path / "corpus" / "shards").iterdir())


def test_shards_must_come_in_order(tmp_path: Path, clips: list[EncodedClip]) -> None:
    first = write_shard(tmp_path, "000000.tar", clips[:1])
    second = write_shard(tmp_path, "000001.tar", clips[1:])
    with pytest.raises(InputError, match="unique and sorted"):
        write_manifest(tmp_path, [second, first])
    with pytest.raises(InputError, match="unique and sorted"):
        write_shard(tmp_path, "000002.tar", clips[::-1])


def test_results_and_parts_can_be_sent_to_other_processes(tmp_path: Path, clips: list[EncodedClip]) -> None:
    shard = write_shard(tmp_path, "000000.tar", clips)
    assert pickle.loads(pickle.dumps(shard)) == shard  # noqa: S301
    part = ClipPart("a", Path("a.part"), "train")
    assert pickle.loads(pickle.dumps(part)) == part  # noqa: S301


def test_memory_does_not_grow_with_the_shard(tmp_path: Path, clips: list[EncodedClip]) -> None:
    parts = []
    for number in range(16):
        record = replace(clips[0].record, clip_id=f"c{number:03d}")
        path = tmp_path / f"{number}.part"
        path.write_bytes(replace(clips[0], record=record, flac=b"\0" * 500_000).pack())
        parts.append(ClipPart(record.clip_id, path, "train"))

    def peak(count: int) -> int:
        tracemalloc.start()
        write_shard(tmp_path / "corpus", "000000.tar", parts[:count])
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(1)  # what is imported or kept once
    assert peak(16) < peak(2) + 500_000


def test_points_that_are_no_numbers_are_refused() -> None:
    clip = encode("a").decode()
    points = clip.lip_points.copy()
    points[2, 3, 0] = np.nan
    with pytest.raises(InputError, match="no finite numbers"):
        EncodedClip.encode(replace(clip, lip_points=points))
