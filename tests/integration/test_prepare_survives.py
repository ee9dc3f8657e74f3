"""`pase prepare` is killed, runs out of disk, loses workers and files: nothing is lost, and the bytes are the same."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.dying import DyingCropStage
from tests.raw_clips import content, quarantine, write_clip, write_phones

from pase.errors import InputError
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare

GIVEN = PrepareOptions(landmarks="sidecar", aligner="given", jobs=0)
KILLS = int(os.environ.get("PASE_KILLS", "4"))
"""Kills of one run; more for a longer trial: ``PASE_KILLS=25 pytest -k killed``."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for number in range(6):
        write_clip(folder / f"s{number % 2}" / f"clip_{number}.mp4", frames=20, seed=number)
    write_phones(folder / "s0/clip_0.mp4", 0.8)
    (folder / "s1/broken.mp4").write_bytes(b"no video at all")
    return folder


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What a run in one go gives, and how long it takes in a process of its own."""
    folder = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    assert run(source, folder / "out", "local", 1).wait() == 0
    return content(folder / "out"), time.monotonic() - began


def run(source: Path, output: Path, executor: str, jobs: int) -> "subprocess.Popen[bytes]":
    start = "import sys; from pase.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "prepare", str(source), str(output), "--landmarks", "sidecar"]
    command += ["--aligner", "given", "--jobs", str(jobs), "--executor", executor]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill the command and whatever it has started, as a machine that goes down does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("whole", [False, True], ids=["parent", "group"])
def test_killed_at_random_moments(
    jobs: int, whole: bool, source: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    rng = random.Random(jobs * 2 + whole)
    for _ in range(KILLS):
        process = run(source, tmp_path / "out", "local", jobs)
        time.sleep(rng.uniform(0.2, 0.9) * seconds)
        if whole:
            kill_group(process)
        else:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert run(source, tmp_path / "out", "local", jobs).wait() == 0
    assert content(tmp_path / "out") == expected


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 3] if KILLS > 4 else [2])
def test_ray_killed_at_random_moments_gives_the_same_bytes(
    jobs: int, source: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    expected, seconds = undisturbed
    rng = random.Random(jobs)
    for _ in range(max(1, KILLS // 3)):
        process = run(source, tmp_path / "out", "ray", jobs)
        before = newest(tmp_path / "out")
        deadline = time.monotonic() + 120  # Ray takes long to start, and nothing can be lost before
        while newest(tmp_path / "out") <= before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.7) * seconds)
        kill_group(process)
    assert run(source, tmp_path / "out", "ray", jobs).wait() == 0
    assert content(tmp_path / "out") == expected


def newest(output: Path) -> float:
    """When something was last written below a folder."""
    return max((path.stat().st_mtime for path in output.rglob("*.json")), default=0.0)


def test_a_full_disk_is_said_and_loses_nothing(
    source: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 60_000
    whole = Path.write_bytes

    def write_bytes(path: Path, data: bytes) -> int:
        nonlocal room
        room -= len(data)
        if room < 0:
            whole(path, data[: len(data) // 2])
            raise OSError(28, "No space left on device", str(path))
        return whole(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_bytes)
        with pytest.raises(InputError, match=r"cannot write .*: No space left on device"):
            prepare(source, tmp_path / "out", GIVEN)
    assert not (tmp_path / "out/corpus.json").exists()
    assert not [path for path in (tmp_path / "out").rglob(".*part*") if path.is_file()]
    prepare(source, tmp_path / "out", GIVEN)
    assert content(tmp_path / "out") == undisturbed[0]


def test_a_worker_that_dies_costs_its_own_video_and_only_for_this_run(
    source: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase.preparation.pipeline.CropStage", DyingCropStage)
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # workers import the class by its name
    (tmp_path / "out").mkdir()
    (tmp_path / "out/die").touch()
    summary = prepare(source, tmp_path / "out", replace(GIVEN, jobs=2))
    assert (summary.videos, summary.used) == (7, 5)
    source_path, stage, reason, detail = quarantine(tmp_path / "out")["s0/clip_2"]
    assert (source_path, stage, reason) == ("s0/clip_2.mp4", "crop", "worker_died")
    assert "the next run tries it again" in detail
    (tmp_path / "out/die").unlink()
    assert prepare(source, tmp_path / "out", replace(GIVEN, jobs=2)).used == 6
    assert content(tmp_path / "out") == undisturbed[0]


def test_a_damaged_record_or_part_is_made_anew(
    source: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    prepare(source, tmp_path / "out", GIVEN)
    work = tmp_path / "out/work"
    (work / "crop/s0/clip_0.json").write_bytes(b"")
    (work / "outcomes/s0/clip_0.json").write_bytes(b"{")
    (work / "clips/s0/clip_2.part").unlink()
    (work / "clips/s1/clip_1.part").write_bytes(b"half")
    (work / "crop/s1/clip_3.mp4").unlink()
    shutil.rmtree(work / "shards")
    assert prepare(source, tmp_path / "out", GIVEN).resumed == 4
    assert content(tmp_path / "out") == undisturbed[0]


def test_a_source_that_vanishes_is_quarantined(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "source")
    (tmp_path / "source/s0/gone.mp4").symlink_to(tmp_path / "absent.mp4")
    os.truncate(tmp_path / "source/s0/clip_4.mp4", 100)
    prepare(tmp_path / "source", tmp_path / "out", GIVEN)
    rows = quarantine(tmp_path / "out")
    assert rows["s0/clip_4"][1:3] == ("probe", "no_picture")
    assert rows["s0/gone"][2] in ("no_file", "broken_link", "unreadable")
