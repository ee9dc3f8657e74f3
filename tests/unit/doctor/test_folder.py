import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from pase.doctor.check import Status
from pase.doctor.folder import check_folder, judge_room


def test_writable_folder_is_left_as_it_was(tmp_path: Path) -> None:
    first, second = check_folder(tmp_path)
    assert (first.name, first.status) == ("folder", Status.OK)
    assert second.name == "disk"
    assert not list(tmp_path.iterdir())


def test_no_folder(tmp_path: Path) -> None:
    [result] = check_folder(tmp_path / "absent")
    assert result.status is Status.PROBLEM
    assert not (tmp_path / "absent").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert next(check_folder(tmp_path)).status is Status.PROBLEM


def test_folder_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, dir: Path) -> None:  # noqa: A002  # its name in tempfile
        raise OSError(30, "Read-only file system", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    first, second = check_folder(tmp_path)
    assert first.status is Status.PROBLEM
    assert "Read-only file system" in first.found
    assert second.name == "disk"


@pytest.mark.parametrize(
    ("free", "status"), [(10**8, Status.PROBLEM), (5 * 10**9, Status.WARNING), (10**11, Status.OK)]
)
def test_room(free: int, status: Status) -> None:
    result = judge_room(free)
    assert result.status is status
    assert bool(result.advice) == (status is not Status.OK)
