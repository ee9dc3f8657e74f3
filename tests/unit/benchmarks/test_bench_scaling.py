"""Speed of training by more processes and other switches."""

from pathlib import Path

import pytest
import yaml
from tests.tiny_run import DATA, NET

from pase.benchmarks.scaling import Speed, Way, main, table


def test_ratios_are_those_of_each_turn() -> None:
    one, two = Way(1, "plain"), Way(2, "plain")
    slow_then_fast = [Speed(10, 0.1, 0), Speed(20, 0.2, 0), Speed(40, 0.3, 0)]
    doubled = [Speed(20, 0.1, 0.25), Speed(40, 0.2, 0.5), Speed(60, 0.3, 0.75)]
    lines = table({one: slow_then_fast, two: doubled}).splitlines()
    assert lines[2:] == [
        "| 1 | plain | 20.0 (10.0 … 40.0) | 1.00 (1.00 … 1.00) | 20.0% | 0.0% |",
        "| 2 | plain | 40.0 (20.0 … 60.0) | 2.00 (1.50 … 2.00) | 20.0% | 50.0% |",
    ]


def test_two_processes_beside_one(
    tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump({"trainer": {"accelerator": "cpu"}, "model": {"net": NET}, "data": DATA}))
    monkeypatch.chdir(tmp_path)
    steps = ["--turns", "1", "--steps", "2", "--warmup", "2"]
    assert main([*steps, "--config", str(config), f"--data.corpora=[{tiny_corpus}]"]) == 0
    one, two = capsys.readouterr().out.splitlines()[-2:]
    assert one.startswith("| 1 | plain |")
    assert one.endswith("| 0.0% |")  # nobody to wait for
    assert two.startswith("| 2 | plain |")
    assert not two.endswith("| 0.0% |")


def test_what_cannot_be_trained_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--turns", "0"]) == 1
    assert "at least one" in capsys.readouterr().err
    assert main(["--turns", "1", "--data.corpora=[/nowhere/at/all]"]) == 1
    assert "/nowhere/at/all" in capsys.readouterr().err
