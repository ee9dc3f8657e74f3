import json
from pathlib import Path

import pytest

from pase.cli.main import main
from pase.doctor import examine
from pase.doctor.check import Check, Result, Status

FINE = Result("Python", Status.OK, "3.11.9")
ODD = Result("GPU", Status.WARNING, "none", "only training needs one")
BAD = Result("folder", Status.PROBLEM, "cannot be written to", "choose another")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    """What the checks find, which a test may change; the last line says what was asked for."""
    found = [FINE, ODD]

    def checks_of(folder: Path, quick: bool = False) -> tuple[Check, ...]:
        return (Check("all", lambda: [*found, Result("asked", Status.OK, f"{folder} {quick}")]),)

    monkeypatch.setattr(examine, "checks_of", checks_of)
    return found


def test_lines_and_status(results: list[Result], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    results.append(BAD)
    capsys.readouterr()
    assert main(["doctor", "--quick", "--folder", "there"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok       Python: 3.11.9",
        "warning  GPU: none -> only training needs one",
        "problem  folder: cannot be written to -> choose another",
        "ok       asked: there True",
        "2 ok, 1 warning, 1 problem",
    ]


def test_json(results: list[Result], capsys: pytest.CaptureFixture[str]) -> None:
    results.append(BAD)
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told[1:3] == [
        {"name": "GPU", "status": "warning", "found": "none", "advice": "only training needs one"},
        {"name": "folder", "status": "problem", "found": "cannot be written to", "advice": "choose another"},
    ]
    assert {tuple(item) for item in told} == {("name", "status", "found", "advice")}


def test_real_checks_of_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--quick", "--json", "--folder", str(tmp_path / "absent")]) == 1
    told = {item["name"]: item["status"] for item in json.loads(capsys.readouterr().out)}
    assert told["folder"] == "problem"
    assert told["video H.264"] == "ok"


def test_what_is_looked_at(tmp_path: Path) -> None:
    names = [check.name for check in examine.checks_of(tmp_path)]
    for needed in ("Python", "libraries", "extras", "video H.264", "video decoders", "GPU", "aligner pocketsphinx"):
        assert needed in names
    for needed in ("aligner mfa", "face landmark model", "MediaPipe", "folder", "self-test"):
        assert needed in names
    assert "self-test" not in [check.name for check in examine.checks_of(tmp_path, quick=True)]


def test_space_and_the_right_to_write_are_told_of_a_folder(tmp_path: Path) -> None:
    [folder] = [check for check in examine.checks_of(tmp_path) if check.name == "folder"]
    assert {result.name for result in folder.run()} == {"folder", "disk"}
