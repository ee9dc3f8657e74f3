"""The synthetic corpus as a folder of files."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import load_audio
from pase.corpus.synthetic import generate, synthesize
from pase.errors import InputError
from pase.phonemes.inventory import BILABIALS
from pase.phonemes.textgrid import read_textgrid
from pase.video.landmarks import lip_gap
from pase.video.reading import iter_frames
from pase.video.sidecar import read_sidecar

pytest.importorskip("espeakng_loader")

SUFFIXES = {".mp4", ".txt", ".TextGrid", ".landmarks.npz"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of two speakers, with landmarks."""
    folder = tmp_path_factory.mktemp("synthetic") / "corpus"
    synthesize(folder, clips=6, speakers=2, seed=5, landmarks=True, workers=1)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_ordinary_folder_of_clips(corpus: Path) -> None:
    videos = sorted(corpus.glob("*/*.mp4"))
    assert [str(path.relative_to(corpus)) for path in videos[:2]] == [
        "speaker001/clip00001.mp4",
        "speaker001/clip00003.mp4",
    ]
    assert len(videos) == 6
    for video in videos:
        frames = sum(1 for _ in iter_frames(video, 25))
        seconds = frames / 25
        assert 2.5 <= seconds <= 5.0
        assert seconds <= len(load_audio(video)) / 16_000 < seconds + 0.1
        reading = read_textgrid(video.with_suffix(".TextGrid"), seconds)
        assert reading.reports == ()
        assert reading.phones is not None
        assert reading.phones.intervals[-1].end == pytest.approx(seconds)
        assert video.with_suffix(".txt").read_text(encoding="utf-8").strip()
        points = read_sidecar(video.with_suffix(".landmarks.npz"))
        assert len(points) == frames
        assert np.isfinite(points).all()


def test_lips_are_closed_on_bilabials_and_only_at_the_right_time(corpus: Path) -> None:
    gaps: dict[int, list[float]] = {shift: [] for shift in range(-3, 4)}
    for path in corpus.glob("*/*.landmarks.npz"):
        points = np.load(path)["points"]
        gap = lip_gap(points[:, 6:]) / np.linalg.norm(points[:, 3] - points[:, 0], axis=-1)
        phones = read_textgrid(path.parent / f"{path.name.partition('.')[0]}.TextGrid", len(points) / 25).phones
        assert phones is not None
        for interval in phones.intervals:
            frame = int(interval.middle * 25)
            if interval.phone in BILABIALS and 3 <= frame < len(gap) - 3:
                for shift, found in gaps.items():
                    found.append(float(gap[frame + shift]))
    curve = {shift: float(np.mean(found)) for shift, found in gaps.items()}
    assert min(curve, key=curve.__getitem__) == 0
    assert curve[0] < 0.002
    assert min(curve[-3], curve[-2], curve[2], curve[3]) > 0.02


def test_workers_and_number_of_clips_change_nothing(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_CLIPS_PER_WORKER", 1)
    synthesize(tmp_path / "again", clips=3, speakers=2, seed=5, landmarks=True, workers=2)
    again, whole = contents(tmp_path / "again"), contents(corpus)
    assert len(again) == 3 * len(SUFFIXES) + 1
    assert [name for name, data in again.items() if whole[name] != data] == []


def test_restart_writes_only_what_is_missing(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "restart"
    shutil.copytree(corpus, folder)
    before = contents(folder)
    kept = folder / "speaker001" / "clip00001.mp4"
    stamp = kept.stat().st_mtime_ns
    (folder / "speaker002" / "clip00002.mp4").unlink()
    (folder / "speaker001" / "clip00003.landmarks.npz").unlink()
    (folder / "speaker002" / ".clip00002.4711.part.mp4").write_bytes(b"half")
    synthesize(folder, clips=6, speakers=2, seed=5, landmarks=True, workers=1)
    assert contents(folder) == before
    assert kept.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clips": 0}, "clips must be at least 1"),
        ({"speakers": 0}, "speakers must be at least 1"),
        ({"speakers": 9}, "at least 9 clips"),
        ({"seed": -1}, "negative"),
        ({"workers": 0}, "workers"),
    ],
)
def test_bad_numbers(tmp_path: Path, wrong: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        synthesize(tmp_path / "out", **({"clips": 2, "speakers": 1, "seed": 0} | wrong))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_bad_folders(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another synthetic corpus"):
        synthesize(corpus, clips=6, speakers=2, seed=6)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("important")
    with pytest.raises(InputError, match="other files"):
        synthesize(tmp_path / "mine", clips=1, speakers=1, seed=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        synthesize(tmp_path / "file", clips=1, speakers=1, seed=0)
