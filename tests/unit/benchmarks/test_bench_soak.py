"""Memory and open files of a training, watched from outside."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.tiny_run import config_file

from pase.benchmarks import soak
from pase.benchmarks.soak import Look, family, look_at, main, table

MIB = 1024**2


def test_a_process_that_grows_is_seen_and_one_that_goes_is_counted() -> None:
    found = {
        10: [Look(when, 100 * MIB + when * MIB, 7) for when in range(101)],
        11: [Look(when, 50 * MIB, 7 + when // 50) for when in range(101)],
        12: [Look(when, 50 * MIB, 7) for when in range(30)],
    }
    lines = table(found, 100.0).splitlines()
    assert lines[2:] == [
        "| 1 | 115 MiB | 150 MiB | 195 MiB | +69.6% | 7, 7, 7 |",
        "| 2 | 50 MiB | 50 MiB | 50 MiB | +0.0% | 7, 8, 8 |",
        "",
        "1 processes came or went on the way.",
    ]


def test_children_and_what_they_hold_are_found() -> None:
    hold = "import sys; held = bytearray(64 * 1024**2); print('ready', flush=True); sys.stdin.read()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        members = family(process.pid)
        assert len(members) == 2
        seen = look_at(members[1])
        assert seen is not None
        assert 64 * MIB < seen[0] < 128 * MIB
        assert seen[1] >= 3
    finally:
        process.communicate()
    assert look_at(process.pid) is None


def test_a_training_is_watched_and_stopped(tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "_EVERY", 0.2)
    config = config_file(tmp_path, tiny_corpus, steps=4)
    found = soak.soak(["--config", str(config), "--data.workers=1"], 10.0)
    [first, *_] = found.values()
    assert len(first) > 5
    assert first[-1].memory > 100 * MIB
    assert all(look_at(member) is None for member in found)
    assert list(tmp_path.iterdir()) == [config]


def test_a_training_that_ends_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "0.1"]) == 1
    assert "at least 1.7" in capsys.readouterr().err
    assert main(["--minutes", "2", "--data.corpora=[/nowhere/at/all]"]) == 1
    assert "/nowhere/at/all" in capsys.readouterr().err
