"""Finding and running a program called `mfa`."""

import os
import time
from pathlib import Path

import pytest

from pase.errors import InputError, MissingExtraError
from pase.phonemes.aligners.mfa.program import Outcome, find_program, run_program, version_of


def write_program(environment: Path, script: str) -> Path:
    program = environment / "bin" / "mfa"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PASE_MFA", "CONDA_PREFIX", "CONDA_EXE", "MAMBA_ROOT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_the_path_is_searched_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path, named, asked = (write_program(tmp_path / name, "exit 0") for name in ("path", "named", "asked"))
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=os.pathsep)
    assert find_program() == on_path
    monkeypatch.setenv("PASE_MFA", str(named))
    assert find_program() == named
    assert find_program(str(asked)) == asked


def test_environment_by_folder_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_program(tmp_path / "conda" / "envs" / "aligner", "exit 0")
    assert find_program(str(tmp_path / "conda" / "envs" / "aligner")) == program
    with pytest.raises(InputError, match="aligner"):
        find_program("aligner")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda" / "envs" / "another"))
    assert find_program("aligner") == program


def test_environment_that_conda_has_listed(tmp_path: Path) -> None:
    program = write_program(tmp_path / "far" / "mfa3", "exit 0")
    listed = tmp_path / "home" / ".conda" / "environments.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text(f"/gone/mfa3\n{tmp_path}/far/mfa3\n")
    assert find_program("mfa3") == program


def test_nothing_there_says_how_to_install() -> None:
    with pytest.raises(MissingExtraError, match="conda-forge"):
        find_program()


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mfa"
    file.write_text("no program")
    with pytest.raises(InputError, match="no 'mfa' program"):
        find_program(str(file))


@pytest.mark.parametrize("said", ["3.4.3", "A new version is out!\\n3.4.3", "4.0.0rc1"])
def test_version(tmp_path: Path, said: str) -> None:
    assert version_of(write_program(tmp_path, f"printf '{said}\\n'")) == said.rpartition("\\n")[2]


@pytest.mark.parametrize("script", ["echo 2.2.17", "echo None", "echo Segmentation fault; exit 139"])
def test_versions_that_cannot_be_used(tmp_path: Path, script: str) -> None:
    with pytest.raises(InputError):
        version_of(write_program(tmp_path, script))


def test_installation_without_its_kaldi_part(tmp_path: Path) -> None:
    broken = write_program(tmp_path, "echo \"ModuleNotFoundError: No module named '_kalpy'\"; exit 1")
    with pytest.raises(MissingExtraError, match=r"_kalpy.*conda-forge"):
        version_of(broken)


def test_the_users_settings_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ROOT_DIR", "/home/of/user")
    monkeypatch.setenv("PYTHONPATH", "/of/pase")
    program = write_program(tmp_path, 'echo "$MFA_ROOT_DIR|$PYTHONPATH|$PATH"')
    root, python_path, path = run_program(program, [], tmp_path / "root", 10).log.strip().split("|")
    assert (root, python_path) == (str(tmp_path / "root"), "")
    assert path.split(os.pathsep)[0] == str(program.parent)


@pytest.mark.parametrize("ending", ["sleep 600", "exit 0", "kill -9 $$"])
def test_nothing_outlives_the_call(tmp_path: Path, ending: str) -> None:
    program = write_program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; {ending}")
    started = time.monotonic()
    outcome = run_program(program, [], tmp_path / "root", 1.0)
    assert outcome.code == {"sleep 600": None, "exit 0": 0, "kill -9 $$": -9}[ending]
    assert time.monotonic() - started < 20
    child = int((tmp_path / "child").read_text())
    assert has_ended(child)


def has_ended(process: int) -> bool:
    """Whether a process is gone, or dead and waiting for somebody to take note."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("╭─ Error ──╮\n│ Invalid value: no such file │\n╰──────────╯\n", "Invalid value: no such file"),
        ("Traceback\n  File x\nValueError: first\nKeyError: second\n", "KeyError: second"),
        ("", ""),
    ],
)
def test_the_last_error_is_told(log: str, expected: str) -> None:
    assert Outcome(1, log).error == expected


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("race_1_1", "kalpy.exceptions.AcousticModelError: AcousticModelError: Could not find final.mdl in"),
        ("validate_odd", "soundfile.LibsndfileError: Error opening 'W/odd/spA/zerobytes.wav': Format not recognised."),
    ],
)
def test_errors_of_real_logs(real_clips: Path, log: str, expected: str) -> None:
    text = (real_clips / "mfa" / "logs" / f"{log}.log").read_text()
    assert Outcome(1, text).error.startswith(expected)
