"""The corpus on disk: round trip, determinism, random access, damage."""

import json
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus, EncodedClip, write_corpus
from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack


def make_clip(clip_id: str, frames: int = 7, split: str = "train", seed: int = 0) -> Clip:
    rng = np.random.default_rng(seed)
    samples = frames * 640
    ramp = np.linspace(40, 200, 96)
    lips = np.empty((frames, 96, 96, 3))
    for number in range(frames):
        lips[number, ..., 0] = ramp
        lips[number, ..., 1] = ramp[:, None]
        lips[number, ..., 2] = 60 + 10 * number
    phones = PhoneTrack((PhoneInterval("B", 0.0, 0.1), PhoneInterval("IY", 0.1, 0.25)))
    return Clip(
        ClipRecord(clip_id, "s1", split, frames, samples, "bé", phones, "", f"video/{clip_id}.mp4"),
        (0.4 * np.sin(np.arange(samples) / 9)).astype(np.float32),
        lips.astype(np.uint8),
        rng.normal(0, 0.3, (frames, 40, 2)).astype(np.float32),
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    clips = [make_clip("s1/b", 9, seed=1), make_clip("s1/a", 5), make_clip("s2/c", 12, "validation", seed=2)]
    return write_corpus(tmp_path / "corpus", clips, recipe="folder", settings={"landmarks": "sidecar"})


def test_round_trip(corpus: Corpus) -> None:
    assert [record.clip_id for record in corpus.records] == ["s1/a", "s1/b", "s2/c"]
    assert [record.clip_id for record in corpus.split("validation")] == ["s2/c"]
    assert corpus.settings["settings"] == {"landmarks": "sidecar"}
    original = make_clip("s1/b", 9, seed=1)
    clip = corpus.read(corpus.records[1])
    assert clip.record == replace(original.record, shard="000000.tar")
    assert clip.waveform.dtype == np.float32
    np.testing.assert_allclose(clip.waveform, original.waveform, atol=0.6 / 32768)
    assert clip.lips.dtype == np.uint8
    assert np.abs(clip.lips.astype(float) - original.lips).mean() < 2
    np.testing.assert_allclose(clip.lip_points, original.lip_points, rtol=1e-3, atol=1e-4)


def test_every_frame_is_in_its_place(corpus: Corpus) -> None:
    blue = corpus.read(corpus.records[2]).lips[..., 2].mean(axis=(1, 2))
    np.testing.assert_allclose(blue, 60 + 10 * np.arange(12), atol=2)


def test_equal_clips_give_equal_bytes(tmp_path: Path) -> None:
    clips = [make_clip("a"), make_clip("b", 6)]
    write_corpus(tmp_path / "one", clips)
    write_corpus(tmp_path / "two", clips[::-1])
    for name in ("corpus.json", "manifest.jsonl", "shards/000000.tar"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_shards_are_plain_tar_files_with_one_dot_rule(corpus: Corpus) -> None:
    with tarfile.open(corpus.folder / "shards/000000.tar") as tar:
        members = tar.getmembers()
    assert [member.name.split(".", 1)[1] for member in members] == ["flac", "mp4", "lips.npy", "json"] * 3
    assert all(member.mtime == 0 and member.uid == 0 and member.gid == 0 for member in members)


def test_pickles_cheaply(corpus: Corpus) -> None:
    data = pickle.dumps(corpus)
    assert len(data) < 1000
    again = pickle.loads(data)  # noqa: S301
    assert again == corpus
    assert again.read(again.records[0]).record.clip_id == "s1/a"


def test_sound_and_lips_are_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    clip = make_clip("a", 75)
    noisy = replace(clip, waveform=(clip.waveform * 0.5 + rng.normal(0, 0.01, clip.waveform.shape)).astype(np.float32))
    encoded = EncodedClip.encode(noisy)
    assert len(encoded.flac) + len(encoded.mp4) < 3 * 40_000


@pytest.mark.parametrize("clip_id", ["a.b", "../a", "/a", "a//b", "a/", "", "ü", "x" * 91, "a b", "a\n"])
def test_clip_ids_that_no_shard_can_hold(tmp_path: Path, clip_id: str) -> None:
    with pytest.raises(InputError, match="clip id"):
        write_corpus(tmp_path, [make_clip(clip_id)])


def test_clip_ids_must_be_unique(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unique"):
        write_corpus(tmp_path, [make_clip("a"), make_clip("a")])


def test_shapes_must_agree_with_the_record(tmp_path: Path) -> None:
    clip = make_clip("a")
    with pytest.raises(InputError, match=r"lips of clip a .* \(6, 96, 96, 3\)"):
        write_corpus(tmp_path, [replace(clip, lips=clip.lips[:-1])])


def test_missing_shard(corpus: Corpus) -> None:
    (corpus.folder / "shards/000000.tar").unlink()
    with pytest.raises(InputError, match=r"000000\.tar: clip s1/a: cannot be read: No such file"):
        corpus.read(corpus.records[0])


def test_truncated_shard(corpus: Corpus) -> None:
    shard = corpus.folder / "shards/000000.tar"
    shard.write_bytes(shard.read_bytes()[:-5000])
    corpus.read(corpus.records[0])
    with pytest.raises(InputError, match=r"clip s2/c: it ends after"):
        corpus.read(corpus.records[2])


@pytest.mark.parametrize("suffix", ["flac", "mp4", "lips.npy", "json"])
def test_damaged_member(corpus: Corpus, suffix: str) -> None:
    shard = corpus.folder / "shards/000000.tar"
    data = bytearray(shard.read_bytes())
    with tarfile.open(shard) as tar:
        member = tar.getmember(f"s1/b.{suffix}")
    data[member.offset_data : member.offset_data + member.size] = b"\xff" * member.size
    shard.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"000000\.tar: clip s1/b"):
        corpus.read(corpus.records[1])


def test_other_members_are_refused(corpus: Corpus) -> None:
    shard = corpus.folder / "shards/000000.tar"
    shard.write_bytes(shard.read_bytes().replace(b"s1/a.flac", b"../a.flac"))
    with pytest.raises(InputError, match="clip s1/a"):
        corpus.read(corpus.records[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shard": "../../etc/passwd"}, "a name of letters"),
        ({"split": "dev"}, "split 'dev'"),
        ({"frames": 0}, "must be positive"),
        ({"clip_id": "../a"}, "clip id"),
        ({"offset": "x"}, "manifest row"),
        ({"phones": [["QQ", 0, 1]]}, "QQ"),
        ({"phones": [["B", 0, float("nan")]]}, "needs 0 <= start < end"),
        ({"offset": -512}, "cannot be a clip"),
        ({"offset": 700}, "cannot be a clip"),
        ({"offset": float("inf")}, "manifest row"),
        ({"size": 2**40}, "cannot be a clip"),
        ({"size": 0}, "cannot be a clip"),
        ({"frames": 10**9}, "longer than an hour"),
        ({"samples": 10**12}, "longer than an hour"),
        ({"samples": float("nan")}, "clip record"),
        ({"frames": float("inf")}, "clip record"),
    ],
)
def test_bad_manifest_rows(corpus: Corpus, change: dict[str, object], message: str) -> None:
    manifest = corpus.folder / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[1] |= change
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=rf"manifest\.jsonl, line 2: .*{message}"):
        Corpus.open(corpus.folder)


def test_a_row_without_end(corpus: Corpus) -> None:
    manifest = corpus.folder / "manifest.jsonl"
    rows = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join([rows[0], rows[1][:-1], " " * 2**24, "\n", rows[2]]))
    with pytest.raises(InputError, match=r"manifest\.jsonl, line 2 is longer than 16777216 characters"):
        Corpus.open(corpus.folder)


def test_a_clip_that_stands_there_twice(corpus: Corpus) -> None:
    manifest = corpus.folder / "manifest.jsonl"
    rows = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join([*rows, rows[1]]))
    with pytest.raises(InputError, match=r"manifest\.jsonl, line 4: the clip s1/b stands there twice"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize("row", [0, 2])
def test_clips_that_overlap(corpus: Corpus, row: int) -> None:
    manifest = corpus.folder / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[row]["offset"] = rows[1]["offset"] + 512
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"manifest\.jsonl: the clips s\d/\w and s\d/\w overlap in 000000\.tar"):
        Corpus.open(corpus.folder)


def test_not_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a prepared corpus"):
        Corpus.open(tmp_path)


def test_newer_format(corpus: Corpus) -> None:
    path = corpus.folder / "corpus.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(InputError, match="format_version is 2, this version of PASE reads 1"):
        Corpus.open(corpus.folder)
