"""Doing what a study lacks, and no more."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from pase.cli.main import main
from pase.errors import InputError, PaseError
from pase.execution.local import LocalExecutor
from pase.study import runner
from pase.study.plan import Run
from pase.study.records import Record, read_records
from pase.study.runner import run_study


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Replaces training by a formula, in this process; what was trained so."""
    runs: list[tuple[str, int]] = []

    def train(run: Run, threads: int) -> Record:
        if run.row == "doomed":
            raise PaseError("the loss of step 3 is not finite")
        runs.append((run.row, run.seed))
        metrics = {"validation/lmd": 0.05 + 0.01 * run.seed + 0.02 * (run.row != "base")}
        return Record(run.row, run.seed, run.identity, dict(run.overrides), run.steps, 4, 1.0, metrics, {})

    monkeypatch.setattr(runner, "train_and_measure", train)
    monkeypatch.setattr(runner, "LocalExecutor", lambda _: LocalExecutor(0))
    return runs


@pytest.fixture
def study(study_file: Path, tmp_path: Path) -> Callable[..., Path]:
    def call(seeds: tuple[int, ...] = (0, 1), only: tuple[str, ...] = (), jobs: int = 1) -> Path:
        return run_study(study_file, tmp_path / "out", seeds, only, jobs, lambda _: None)

    return call


def test_what_is_done_is_skipped(study: Callable[..., Path], trained: list[Any], tmp_path: Path) -> None:
    study(only=("base",))
    assert trained == [("base", 0), ("base", 1)]
    study()
    assert trained[2:] == [("no_reconstruction", 0), ("no_reconstruction", 1)]
    study()
    study(seeds=(0, 1, 2))
    assert trained[4:] == [("base", 2), ("no_reconstruction", 2)]
    assert [(record.row, record.seed) for record in read_records(tmp_path / "out" / "results.jsonl")] == trained


def test_a_changed_row_is_done_again_and_its_old_results_are_not_shown(
    study: Callable[..., Path],
    trained: list[Any],
    study_file: Path,
    study_content: dict[str, Any],
    tmp_path: Path,
) -> None:
    study()
    study_content["rows"]["no_reconstruction"]["model.net.dim"] = 24
    study_file.write_text(yaml.safe_dump(study_content))
    study(seeds=(0,), only=("no_reconstruction",))
    assert trained[4:] == [("no_reconstruction", 0)]
    text = (tmp_path / "out" / "results.md").read_text()
    assert "2 of 2 runs done" in text
    assert len(read_records(tmp_path / "out" / "results.jsonl")) == 5


def test_a_run_that_fails_stops_no_other(
    trained: list[Any], study_file: Path, study_content: dict[str, Any], tmp_path: Path, capsys: Any
) -> None:
    study_content["rows"] = {"base": {}, "doomed": {"model.alpha": 9.0}, "last": {"model.alpha": 0.0}}
    study_file.write_text(yaml.safe_dump(study_content, sort_keys=False))
    assert main(["study", str(study_file), "--output", str(tmp_path / "out"), "--seeds", "0", "1"]) == 1
    assert trained == [("base", 0), ("last", 0), ("base", 1), ("last", 1)]
    message = capsys.readouterr().err
    assert "2 of 6 runs failed" in message
    assert "doomed, seed 1: the loss of step 3 is not finite" in message
    assert "doomed" not in json.dumps([dict(record.metrics) for record in read_records(tmp_path / "out/results.jsonl")])


def test_tables_and_page_are_written(study: Callable[..., Path], trained: list[Any], tmp_path: Path) -> None:
    page = study(seeds=(0, 1, 2)).read_text()
    text = (tmp_path / "out" / "results.md").read_text()
    for shown in (page, text):
        assert "+0.0200 (+0.0200 … +0.0200) worse" in shown
        assert "model.net.reconstruction: null" in shown
    assert "<svg" in page or "data:image/png" in page


def test_a_bad_row_stops_before_any_training(
    study: Callable[..., Path], trained: list[Any], study_file: Path, study_content: dict[str, Any], tmp_path: Path
) -> None:
    study_content["rows"]["broken"] = {"model.net.nothing": 1}
    study_file.write_text(yaml.safe_dump(study_content, sort_keys=False))
    with pytest.raises(InputError, match="row broken"):
        study(only=("base",))
    assert trained == []
    assert not (tmp_path / "out" / "results.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"only": ("bose",)}, "no row bose"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"seeds": (-1,)}, "seeds"),
        ({"jobs": 0}, "jobs"),
    ],
)
def test_wrong_arguments(study: Callable[..., Path], trained: list[Any], arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        study(**arguments)
    assert trained == []


def test_two_studies_do_not_write_to_one_folder(study: Callable[..., Path], trained: list[Any], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"), pytest.raises(InputError, match="another study"):
        study()


@pytest.mark.parametrize("line", ["{", "[]", '{"row": "base"}', "null"])
def test_a_damaged_results_file_is_named(study: Callable[..., Path], tmp_path: Path, line: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"results\.jsonl, line 1"):
        study()
