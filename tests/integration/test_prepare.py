"""`pase prepare` on small generated videos with given landmarks: the whole way, its stages, restarts, settings."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.raw_clips import (
    content,
    landmarks,
    noise,
    openings,
    pictures,
    quarantine,
    write_clip,
    write_landmarks,
    write_phones,
)

from pase.cli.main import main
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.preparation.options import STAGE_NAMES, PrepareOptions
from pase.preparation.prepare import prepare
from pase.video.landmarks import lip_gap
from pase.video.writing import write_video

GIVEN = PrepareOptions(landmarks="sidecar", aligner="given", jobs=0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for number in range(4):
        write_clip(folder / "anna" / f"clip_{number}.mp4", seed=number)
    write_phones(folder / "anna/clip_0.mp4")
    return folder


def test_the_whole_way(source: Path, tmp_path: Path) -> None:
    before = content(source)
    summary = prepare(source, tmp_path / "out", replace(GIVEN, jobs=2, validation_every=4))
    assert (summary.videos, summary.used, summary.clips, summary.resumed) == (4, 4, 4, 0)
    assert summary.hours == pytest.approx(4 / 3600)
    assert list(summary.stage_seconds) == [name for name in STAGE_NAMES if name != "transcribe"]
    corpus = Corpus.open(tmp_path / "out")
    assert [record.clip_id for record in corpus.records] == [f"anna/clip_{number}" for number in range(4)]
    assert [record.split for record in corpus.records] == ["train"] * 3 + ["validation"]
    clip = corpus.read(corpus.records[0])
    assert (clip.record.speaker, clip.record.text, clip.record.source) == ("anna", "bee", "anna/clip_0.mp4")
    assert clip.record.phones is not None
    assert [interval.phone for interval in clip.record.phones.intervals] == ["B", "IY"]
    assert corpus.records[1].phones is None
    assert (clip.record.frames, clip.record.samples, clip.record.source_start) == (25, 16_000, 0.0)
    assert clip.record.quality["eye_distance"] == pytest.approx(60, abs=0.5)
    np.testing.assert_allclose(lip_gap(clip.lip_points), 2 * openings(25), atol=2e-3)
    assert content(source) == before


def test_crops_and_points_agree(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", GIVEN)
    corpus = Corpus.open(tmp_path / "out")
    clip = corpus.read(corpus.records[0])
    red = (clip.lips[..., 0].astype(int) - clip.lips[..., 1]) > 90
    height = red.any(axis=2).sum(axis=1)
    np.testing.assert_allclose(height, 2 * (0.08 + openings(25)) / 1.1 * 96, atol=3.5)
    np.testing.assert_allclose(red.any(axis=1).sum(axis=1), 0.56 / 1.1 * 96, atol=2.5)


def test_one_video_gives_a_clip_for_each_stretch_with_a_face(tmp_path: Path) -> None:
    """A shot of 30 frames, a cut, 25 frames of which 10 in the middle show no face: 1.2 s, 0.4 s too short, 0.6 s."""
    shown = pictures(55)
    for number in range(30, 55):
        shown[number] = np.roll(shown[number][:, ::-1] // 2, 10, axis=0)
    video = write_clip(tmp_path / "source/film.mp4", frames=55, shown=shown)
    points = landmarks(55)
    points[38:48] = np.nan
    write_landmarks(video, points)
    write_phones(video, seconds=2.2)
    prepare(tmp_path / "source", tmp_path / "out", replace(GIVEN, min_seconds=0.28, max_seconds=0.7))
    records = Corpus.open(tmp_path / "out").records
    assert [(record.clip_id, record.source_start, record.frames) for record in records] == [
        ("film--01", 0.0, 15),
        ("film--02", 0.6, 15),
        ("film--03", 1.2, 8),
        ("film--04", 1.92, 7),
    ]
    phones = [record.phones.to_json() for record in records if record.phones is not None]
    assert phones[0] == [["B", 0.0, 0.4], ["IY", 0.4, 0.6]]
    assert phones[3] == [["IY", 0.0, 0.28]]
    assert [record.text for record in records] == ["", "bee", "", ""]  # where the middle of the word lies
    assert "no face from 1.52 s to 1.92 s" in (tmp_path / "out/remarks.tsv").read_text()


def test_sound_that_ends_early_ends_the_clip(tmp_path: Path) -> None:
    video = tmp_path / "source/a.mp4"
    video.parent.mkdir()
    write_video(video, pictures(50), noise(25))
    write_landmarks(video, landmarks(50))
    prepare(tmp_path / "source", tmp_path / "out", GIVEN)
    (record,) = Corpus.open(tmp_path / "out").records
    assert 24 <= record.frames <= 27
    assert "the sound ends at 1.0" in (tmp_path / "out/remarks.tsv").read_text()


def test_restart_goes_on_and_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "once", GIVEN)
    late = [source / "anna" / name for name in ("clip_2.mp4", "clip_3.mp4")]
    for path in late:
        path.rename(path.with_suffix(".away"))
    prepare(source, tmp_path / "twice", GIVEN)
    for path in late:
        path.with_suffix(".away").rename(path)
    summary = prepare(source, tmp_path / "twice", GIVEN)
    assert (summary.clips, summary.resumed) == (4, 2)
    assert content(tmp_path / "twice") == content(tmp_path / "once")


def times_of(work: Path, stage: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (work / stage).rglob("*.json")}


def test_changed_files_and_settings_redo_only_what_depends_on_them(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", GIVEN)
    work = tmp_path / "out/work"
    before = {stage: times_of(work, stage) for stage in ("landmarks", "crop", "phones", "clips")}
    write_phones(source / "anna/clip_1.mp4")
    summary = prepare(source, tmp_path / "out", GIVEN)
    assert summary.resumed == 3
    assert Corpus.open(tmp_path / "out").records[1].phones is not None
    after = {stage: times_of(work, stage) for stage in before}
    changed = {stage: {name for name in before[stage] if before[stage][name] != after[stage][name]} for stage in before}
    assert changed == {"landmarks": set(), "crop": set(), "phones": {"clip_1.json"}, "clips": {"clip_1.json"}}

    prepare(source, tmp_path / "out", replace(GIVEN, aligner="none"))
    assert all(record.phones is None for record in Corpus.open(tmp_path / "out").records)
    assert times_of(work, "crop") == before["crop"]


def test_a_stage_runs_alone_and_can_be_redone(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "out/work"
    summary = prepare(source, tmp_path / "out", replace(GIVEN, until="tracks"))
    assert "all stages up to tracks done" in str(summary)
    assert json.loads((work / "tracks/anna/clip_0.json").read_text())["value"][0]["name"] == "anna/clip_0"
    assert not (work / "crop").exists()
    assert not (tmp_path / "out/corpus.json").exists()
    before = times_of(work, "landmarks"), times_of(work, "tracks")
    prepare(source, tmp_path / "out", replace(GIVEN, redo="tracks"))
    assert times_of(work, "landmarks") == before[0]
    assert all(times_of(work, "tracks")[name] != time for name, time in before[1].items())
    crops = times_of(work, "crop")
    prepare(source, tmp_path / "out", replace(GIVEN, redo="tracks"))
    assert times_of(work, "crop") == crops  # equal tracks: nothing later has to follow


def test_work_is_discarded_on_request(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", replace(GIVEN, work=tmp_path / "work", discard_work=True))
    assert not (tmp_path / "work").exists()
    assert len(Corpus.open(tmp_path / "out").records) == 4


def test_output_at_an_address(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "local", GIVEN)
    address = f"file://{tmp_path / 'bucket'}"
    prepare(source, address, replace(GIVEN, work=tmp_path / "work"))
    assert content(tmp_path / "bucket") == content(tmp_path / "local")
    with pytest.raises(InputError, match="--work"):
        prepare(source, address, GIVEN)


def test_too_many_unusable_videos_fail_early_and_loudly(source: Path, tmp_path: Path) -> None:
    for number in range(5):
        (source / f"broken_{number}.mp4").write_bytes(b"no video")
    with pytest.raises(
        InputError, match=r"(?s)5 of 9 videos .*--max-quarantine 0\.5.*5  quarantined at probe: undecod"
    ):
        prepare(source, tmp_path / "out", GIVEN)
    assert not (tmp_path / "out/work/landmarks").exists()  # nothing costly was begun
    assert len(quarantine(tmp_path / "out/work")) == 5
    assert prepare(source, tmp_path / "out", replace(GIVEN, max_quarantine=0.6)).clips == 4


def test_nothing_kept_is_an_error_that_names_the_table(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/empty.mp4").touch()
    with pytest.raises(
        InputError, match=r"not one of 1 videos .*\n(.*\n)*.*1  quarantined at probe: undecodable\n.*\n.*quar"
    ):
        prepare(tmp_path / "source", tmp_path / "out", replace(GIVEN, max_quarantine=1))
    assert list(quarantine(tmp_path / "out/work")) == ["empty"]
    assert not (tmp_path / "out/corpus.json").exists()


def test_two_runs_at_once_are_refused(source: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('locked', flush=True); time.sleep(60)"
    )
    (tmp_path / "out/work").mkdir(parents=True)
    lock = str(tmp_path / "out/work/.lock")
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(InputError, match="another preparation is at work"):
                prepare(source, tmp_path / "out", GIVEN)
        finally:
            other.kill()
    assert prepare(source, tmp_path / "out", GIVEN).clips == 4  # a lock dies with its process


def test_a_look_at_a_stage_leaves_a_finished_corpus_and_its_tables_alone(source: Path, tmp_path: Path) -> None:
    (source / "bad.TextGrid").write_text("no grid")
    write_clip(source / "bad.mp4")
    prepare(source, tmp_path / "out", GIVEN)
    before = content(tmp_path / "out")
    prepare(source, tmp_path / "out", replace(GIVEN, until="probe"))
    assert content(tmp_path / "out") == before
    assert list(quarantine(tmp_path / "out")) == ["bad"]


@pytest.mark.parametrize(
    ("source_at", "output", "work", "message"),
    [
        ("raw", "raw/out", None, "lies in the source"),
        ("raw", "out", "raw/work", "lies in the source"),
        ("raw", "raw", None, "lies in the source"),
        ("out/raw", "out", None, "which is written to"),
        ("work/raw", "out", "work", "which is written to"),
        ("crop", "out", ".", "which is written to"),
        ("raw", "work/out", "work", "lies in the work folder"),
        ("raw", "file://{tmp}/raw/out", "work", "lies in the source"),
        ("raw", "file://{tmp}/out", None, "--work"),
        ("raw", "", None, "no output is named"),
    ],
)
def test_folders_that_overlap_are_refused(
    source_at: str, output: str, work: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / source_at / "a.mp4")
    before = content(tmp_path)
    with pytest.raises(InputError, match=message):
        prepare(Path(source_at), output.format(tmp=tmp_path), replace(GIVEN, work=Path(work) if work else None))
    assert content(tmp_path) == before


def test_a_work_folder_that_is_not_ours_is_refused_and_stays(source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine/crop").mkdir(parents=True)
    (tmp_path / "mine/crop/photo.txt").write_text("precious")
    options = replace(GIVEN, work=tmp_path / "mine")
    for change in ({}, {"redo": "crop"}, {"discard_work": True}):
        with pytest.raises(InputError, match=r"holds something else \(crop\)"):
            prepare(source, tmp_path / "out", replace(options, **change))
    assert (tmp_path / "mine/crop/photo.txt").read_text() == "precious"


def test_work_on_another_source_is_not_taken_for_this_one(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", GIVEN)
    shutil.copytree(source, tmp_path / "copy")
    with pytest.raises(InputError, match=r"holds work on .*/source, not on .*/copy"):
        prepare(tmp_path / "copy", tmp_path / "out", GIVEN)


def test_a_shard_that_somebody_else_wrote_or_damaged_is_written_again(source: Path, tmp_path: Path) -> None:
    def run(work: str, aligner: str) -> dict[str, bytes]:
        prepare(source, tmp_path / "out", replace(GIVEN, work=tmp_path / work, aligner=aligner))
        return content(tmp_path / "out")

    expected = run("one", "given")
    assert run("two", "none") != expected
    assert run("one", "given") == expected
    os.truncate(tmp_path / "out/shards/000000.tar", 1000)
    assert run("one", "given") == expected


def test_output_that_cannot_be_written_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write to the folder"):
        prepare(source, tmp_path / "file/out", GIVEN)


def test_output_inside_the_source(source: Path) -> None:
    with pytest.raises(InputError, match="never written to"):
        prepare(source, source / "out", GIVEN)
    assert not (source / "out").exists()


def test_source_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        prepare(tmp_path / "absent", tmp_path / "out", GIVEN)
    assert not (tmp_path / "out").exists()


def test_face_model_that_is_missing(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.task does not exist"):
        prepare(source, tmp_path / "out", PrepareOptions(face_model=tmp_path / "absent.task", jobs=0))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_without_permission(source: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(InputError, match="cannot write to the folder"):
        prepare(source, tmp_path / "locked/out", GIVEN)


def test_the_command(source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (source / "bad.mp4").write_bytes(b"no video")
    out = str(tmp_path / "out")
    assert main(["prepare", str(source), out, "--landmarks", "sidecar", "--aligner", "given", "--jobs", "0"]) == 0
    shown = capfd.readouterr()
    assert re.match(r"5 videos: 4 clips, 0\.07 minutes, in \d+ s\n +1  quarantined at probe: undecodable\n", shown.out)
    assert f"{out}/quarantine.tsv" in shown.out
    assert "3/9 landmarks: 4 of 4" in shown.err
    assert main(["prepare", str(source), out, "--recipe", "grod"]) == 1
    assert "recipe 'grod' is not one of folder, grid" in capfd.readouterr().err
