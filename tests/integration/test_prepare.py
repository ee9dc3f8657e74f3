"""`pase prepare` on small generated clips, with given landmarks: whole way, restarts, and every kind of bad input."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pase.corpus.options import PrepareOptions
from pase.corpus.preparation import prepare
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.textgrid import write_textgrid
from pase.phonemes.words import WordInterval
from pase.video.landmarks import lip_gap
from pase.video.writing import write_video

SIDECAR = PrepareOptions(landmarks="sidecar", jobs=0)
SCALE, EYES = 60.0, 80 + 40j


def landmarks(frames: int) -> NDArray[np.float32]:
    """A face that opens and closes its mouth twice a second; pixels, shape ``(T, 46, 2)``."""
    angle = np.linspace(np.pi, -np.pi, 20, endpoint=False)
    gap = openings(frames)[:, None]
    outer = 0.28 * np.cos(angle) + 1j * np.sin(angle) * (0.08 + gap)
    inner = 0.22 * np.cos(angle) + 1j * np.sin(angle) * gap
    stable = np.tile(np.array([-0.5, -0.19 + 0.015j, 0.19 + 0.015j, 0.5, -0.04j, 0.05j]), (frames, 1))
    points = SCALE * np.concatenate([stable, 0.9j + outer, 0.9j + inner], axis=1) + EYES
    return np.stack([points.real, points.imag], axis=-1).astype(np.float32)


def openings(frames: int) -> NDArray[np.float64]:
    return 0.06 * (1 - np.cos(4 * np.pi * np.arange(frames) / 25))


def write_clip(video: Path, frames: int = 25, seed: int = 0) -> Path:
    """A 160 x 160 video with a red mouth that opens, noise as its sound, and its landmarks."""
    rows, columns = np.mgrid[:160, :160]
    place = columns + 0.5 + 1j * (rows + 0.5) - (EYES + 0.9j * SCALE)
    pictures = []
    for gap in openings(frames):
        picture = np.full((160, 160, 3), (200, 160, 140), dtype=np.uint8)
        picture[(place.real / (0.28 * SCALE)) ** 2 + (place.imag / ((0.08 + gap) * SCALE)) ** 2 < 1] = (180, 40, 40)
        pictures.append(picture)
    rng = np.random.default_rng(seed)
    video.parent.mkdir(parents=True, exist_ok=True)
    write_video(video, pictures, rng.normal(0, 0.1, frames * 640).astype(np.float32))
    np.savez(video.with_name(f"{video.stem}.landmarks.npz"), points=landmarks(frames))
    return video


def write_phones(video: Path) -> None:
    phones = PhoneTrack((PhoneInterval("B", 0.0, 0.4), PhoneInterval("IY", 0.4, 1.0)))
    write_textgrid(video.with_suffix(".TextGrid"), [WordInterval("bee", 0.0, 1.0)], phones, 1.0)


def quarantine(output: Path) -> dict[str, list[str]]:
    lines = (output / "quarantine.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["clip", "source", "stage", "reason", "detail"]
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines[1:]}


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "work" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for number in range(4):
        write_clip(folder / "anna" / f"clip_{number}.mp4", seed=number)
    write_phones(folder / "anna/clip_0.mp4")
    return folder


def test_the_whole_way(source: Path, tmp_path: Path) -> None:
    before = content(source)
    summary = prepare(source, tmp_path / "out", PrepareOptions(landmarks="sidecar", jobs=2, validation_every=4))
    assert (summary.found, summary.kept, summary.resumed) == (4, 4, 0)
    assert summary.hours == pytest.approx(4 / 3600)
    corpus = Corpus.open(tmp_path / "out")
    assert [record.clip_id for record in corpus.records] == [f"anna/clip_{number}" for number in range(4)]
    assert [record.split for record in corpus.records] == ["train"] * 3 + ["validation"]
    clip = corpus.read(corpus.records[0])
    assert (clip.record.speaker, clip.record.text, clip.record.source) == ("anna", "bee", "anna/clip_0.mp4")
    assert clip.record.phones is not None
    assert [interval.phone for interval in clip.record.phones.intervals] == ["B", "IY"]
    assert corpus.records[1].phones is None
    assert (clip.record.frames, clip.record.samples) == (25, 16_000)
    np.testing.assert_allclose(lip_gap(clip.lip_points), 2 * openings(25), atol=2e-3)
    assert content(source) == before


def test_crops_and_points_agree(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", SIDECAR)
    corpus = Corpus.open(tmp_path / "out")
    clip = corpus.read(corpus.records[0])
    red = (clip.lips[..., 0].astype(int) - clip.lips[..., 1]) > 90
    height = red.any(axis=2).sum(axis=1)
    np.testing.assert_allclose(height, 2 * (0.08 + openings(25)) / 1.1 * 96, atol=3.5)
    np.testing.assert_allclose(red.any(axis=1).sum(axis=1), 0.56 / 1.1 * 96, atol=2.5)


def test_restart_goes_on_and_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "once", SIDECAR)
    late = [source / "anna" / name for name in ("clip_2.mp4", "clip_3.mp4")]
    for path in late:
        path.rename(path.with_suffix(".away"))
    prepare(source, tmp_path / "twice", SIDECAR)
    for path in late:
        path.with_suffix(".away").rename(path)
    summary = prepare(source, tmp_path / "twice", SIDECAR)
    assert (summary.kept, summary.resumed) == (4, 2)
    assert content(tmp_path / "twice") == content(tmp_path / "once")


def test_killed_at_any_moment(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "once", SIDECAR)
    code = (
        "import sys; from pathlib import Path; from pase.corpus.options import PrepareOptions; "
        "from pase.corpus.preparation import prepare; "
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]), PrepareOptions(landmarks='sidecar', jobs=0))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(source), str(tmp_path / "killed")], stderr=subprocess.DEVNULL
    )
    outcomes = tmp_path / "killed/work/outcomes/anna"
    deadline = time.monotonic() + 60
    while not list(outcomes.glob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    summary = prepare(source, tmp_path / "killed", SIDECAR)
    assert summary.resumed >= 1
    assert content(tmp_path / "killed") == content(tmp_path / "once")


def test_changed_files_are_done_again(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", SIDECAR)
    write_phones(source / "anna/clip_1.mp4")
    summary = prepare(source, tmp_path / "out", SIDECAR)
    assert summary.resumed == 3
    assert Corpus.open(tmp_path / "out").records[1].phones is not None


def test_other_settings_need_another_folder(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", SIDECAR)
    with pytest.raises(InputError, match=r"recipe was 'folder', now 'grid'.*delete"):
        prepare(source, tmp_path / "out", PrepareOptions(recipe="grid", landmarks="sidecar", jobs=0))


def no_sound(video: Path) -> None:
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 160
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((160, 160, 3), np.uint8), "rgb24")))
        container.mux(stream.encode(None))


def truncated(video: Path) -> None:
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])


def no_face(video: Path) -> None:
    np.savez(video.with_name("bad.landmarks.npz"), points=np.full((25, 46, 2), np.nan, np.float32))


def too_few_landmarks(video: Path) -> None:
    np.savez(video.with_name("bad.landmarks.npz"), points=landmarks(24))


def overlapping_phones(video: Path) -> None:
    write_phones(video)
    grid = video.with_suffix(".TextGrid")
    text = grid.read_text()
    assert text.count("0.4") >= 2
    head, _, tail = text.rpartition("xmin = 0.4")
    grid.write_text(f"{head}xmin = 0.2{tail}")


def unknown_phones(video: Path) -> None:
    write_phones(video)
    grid = video.with_suffix(".TextGrid")
    grid.write_text(grid.read_text().replace('"IY"', '"QQ"'))


BAD: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "without sound": (no_sound, "decode", "no_sound"),
    "zero length": (lambda video: video.write_bytes(b""), "decode", "undecodable"),
    "truncated": (truncated, "decode", "(undecodable|truncated)"),
    "without a face": (no_face, "crop", "no_face"),
    "without landmarks": (lambda video: video.with_name("bad.landmarks.npz").unlink(), "landmarks", "no_landmarks"),
    "landmarks of another video": (too_few_landmarks, "crop", "bad_landmarks"),
    "TextGrid with overlaps": (overlapping_phones, "phones", "bad_textgrid"),
    "TextGrid with unknown labels": (unknown_phones, "phones", "bad_textgrid"),
    "TextGrid that is none": (lambda video: video.with_suffix(".TextGrid").write_text("x"), "phones", "bad_textgrid"),
    "transcript that is no text": (
        lambda video: video.with_suffix(".txt").write_bytes(b"\xff\xfe\xfa"),
        "phones",
        "bad_transcript",
    ),
    "transcript that does not fit": (
        lambda video: video.with_suffix(".txt").write_text("the quick brown fox jumps over the lazy dog"),
        "phones",
        "transcript_does_not_fit",
    ),
    "transcript with a word that nobody knows": (
        lambda video: video.with_suffix(".txt").write_text("xqzzyv"),
        "phones",
        "(out_of_vocabulary|transcript_does_not_fit)",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_clips_are_quarantined_and_the_rest_goes_on(kind: str, tmp_path: Path) -> None:
    damage, stage, reason = BAD[kind]
    source, output = tmp_path / "source", tmp_path / "out"
    write_clip(source / "good.mp4", frames=10)
    damage(write_clip(source / "bad.mp4"))
    summary = prepare(source, output, SIDECAR)
    assert (summary.found, summary.kept) == (2, 1)
    assert [record.clip_id for record in Corpus.open(output).records] == ["good"]
    rows = quarantine(output)
    assert list(rows) == ["bad"]
    assert rows["bad"][:2] == ["bad.mp4", stage]
    assert re.fullmatch(reason, rows["bad"][2])
    assert len(rows["bad"][3]) > 20
    assert prepare(source, output, SIDECAR).resumed == 2


def test_nothing_kept_is_an_error_that_names_the_table(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/empty.mp4").touch()
    with pytest.raises(InputError, match=r"not one clip .*\n(.*\n)*.*1 quarantined: undecodable\n.*quarantine\.tsv"):
        prepare(tmp_path / "source", tmp_path / "out", SIDECAR)
    assert list(quarantine(tmp_path / "out")) == ["empty"]
    assert not (tmp_path / "out/corpus.json").exists()


def test_output_that_cannot_be_written_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write to the folder"):
        prepare(source, tmp_path / "file/out", SIDECAR)


def test_output_inside_the_source(source: Path) -> None:
    with pytest.raises(InputError, match="never written to"):
        prepare(source, source / "out", SIDECAR)
    assert not (source / "out").exists()


def test_source_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        prepare(tmp_path / "absent", tmp_path / "out", SIDECAR)
    assert not (tmp_path / "out").exists()


def test_face_model_that_is_missing(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.task does not exist"):
        prepare(source, tmp_path / "out", PrepareOptions(face_model=tmp_path / "absent.task", jobs=0))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_without_permission(source: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(InputError, match="cannot write to the folder"):
        prepare(source, tmp_path / "locked/out", SIDECAR)
