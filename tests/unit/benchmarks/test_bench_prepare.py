"""The benchmark of the preparation runs and adds up; how fast anything is, is no test."""

import re
from pathlib import Path

import pytest

from pase.benchmarks.prepare import Costs, main, table


def test_the_table_takes_the_least_of_the_runs() -> None:
    bare = [Costs({"decode": 2.0, "landmarks": 6.0}), Costs({"decode": 1.0, "landmarks": 3.0})]
    stages = [Costs({"probe": 1.0, "crop": 4.0}), Costs({"probe": 2.0, "crop": 6.0})]
    lines = list(table(bare, stages, seconds=10.0, command="run it"))
    assert lines[0].startswith("`run it`: 10 s of video")
    assert "| landmarks | 0.300 | |" in lines
    assert "| stage crop | | 0.400 |" in lines
    assert lines[-2:] == ["| together | 0.400 | 0.500 |", "| ratio | 1 | 1.25 |"]


def test_a_source_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent")]) == 1
    assert "is not a folder" in capsys.readouterr().err


@pytest.mark.real_data
@pytest.mark.slow
def test_on_real_clips(real_clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe or its system libraries are missing", exc_type=ImportError)
    monkeypatch.setenv("PASE_FACE_LANDMARKER", str(real_clips / "models/face_landmarker.task"))
    assert main([str(real_clips / "grid_s1"), "--recipe", "grid", "--videos", "1", "--runs", "1"]) == 0
    printed = capsys.readouterr().out
    assert all(float(value) > 0 for value in re.findall(r"\| (?:decode|landmarks|align) \| ([\d.]+)", printed))
    assert float(re.search(r"ratio \| 1 \| ([\d.]+)", printed).group(1)) > 0.5
