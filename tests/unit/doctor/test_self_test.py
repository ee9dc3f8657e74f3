from pathlib import Path

import numpy as np
import pytest

from pase.doctor import self_test
from pase.doctor.check import Check, Result, Status
from pase.doctor.self_test import Step, check_main_path, look_at_files, run_step
from pase.errors import PaseError


def result_of() -> Result:
    [result] = Check("self-test", check_main_path).run()
    return result


@pytest.mark.slow
def test_main_path() -> None:
    pytest.importorskip("espeakng_loader", reason="the extra 'synthetic' is not installed")
    result = result_of()
    assert result.status is Status.OK, result.found
    for name in ("synthesize", "prepare", "fit", "export", "encode", "er-nerf", "aud_eo.npy"):
        assert name in result.found


@pytest.mark.slow
def test_without_a_voice_the_weights_of_the_package_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "find_spec", lambda name: None)
    result = result_of()
    assert result.status is Status.WARNING, result.found
    assert "aud_eo.npy" in result.found
    assert "pase-av[synthetic]" in result.advice


def test_failing_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(step: Step, limit: float) -> None:
        if step.name == "prepare":
            raise PaseError(f"'{step.name}' ended with status 1: no sound")

    monkeypatch.setattr(self_test, "run_step", run)
    monkeypatch.setattr(self_test, "find_spec", lambda name: object())
    result = result_of()
    assert (result.status, result.found) == (Status.PROBLEM, "'prepare' ended with status 1: no sound")


def test_step_that_fails_tells_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(PaseError, match=r"'export' ended with status 1: pase: error: .*none\.ckpt does not exist"):
        run_step(Step("export", "pase", ("export", str(tmp_path / "none.ckpt"), str(tmp_path / "out"))), 300)


def test_step_that_takes_too_long() -> None:
    with pytest.raises(PaseError, match=r"'help' had not ended after 0\.001 s"):
        run_step(Step("help", "pase", ("--help",)), 0.001)


def test_command_that_is_not_installed() -> None:
    with pytest.raises(PaseError, match="the command pase-nothing is not installed"):
        run_step(Step("nothing", "pase-nothing", ()), 300)


def test_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "er-nerf").mkdir()
    rows, windows = np.ones((5, 4), np.float32), np.ones((5, 16, 44), np.float32)
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "er-nerf" / "aud_eo.npy", windows)
    assert look_at_files(tmp_path) == "rows.npy 5x4, aud_eo.npy 5x16x44"
    for spoilt in (rows * np.nan, rows * 0, rows.astype(np.float64), windows):
        np.save(tmp_path / "rows.npy", spoilt)
        with pytest.raises(PaseError, match=r"rows\.npy"):
            look_at_files(tmp_path)
