from pathlib import Path

import pytest

from pase.doctor.aligners import check_mfa, check_pocketsphinx
from pase.doctor.check import Check, Result, Status
from pase.errors import PaseError
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner


@pytest.fixture(autouse=True)
def no_mfa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("PASE_MFA", raising=False)


def write_mfa(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def mfa() -> Result:
    [result] = Check("aligner mfa", check_mfa).run()
    return result


def test_pocketsphinx_loads() -> None:
    [result] = check_pocketsphinx()
    assert result.status is Status.OK


def test_broken_pocketsphinx(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(aligner: PocketSphinxAligner) -> None:
        raise PaseError("PocketSphinx does not start: no model. Reinstall pocketsphinx.")

    monkeypatch.setattr(PocketSphinxAligner, "check", check)
    [result] = Check("aligner pocketsphinx", check_pocketsphinx).run()
    assert (result.status, "Reinstall" in result.found) == (Status.PROBLEM, True)


def test_mfa_is_optional() -> None:
    result = mfa()
    assert result.status is Status.WARNING
    assert "conda create" in result.advice


def test_mfa_on_the_path(tmp_path: Path) -> None:
    write_mfa(tmp_path / "mfa", "echo 3.4.3")
    result = mfa()
    assert result.status is Status.OK
    assert result.found == f"3.4.3, {tmp_path / 'mfa'} (by the PATH)"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("echo \"ModuleNotFoundError: No module named '_kalpy'\" >&2; exit 1", "No module named '_kalpy'"),
        ("echo 2.2.17", "3.0 or later is needed"),
    ],
)
def test_mfa_that_cannot_run(body: str, found: str, tmp_path: Path) -> None:
    write_mfa(tmp_path / "mfa", body)
    result = mfa()
    assert result.status is Status.PROBLEM
    assert found in result.found


def test_named_mfa_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASE_MFA", "nowhere")
    result = mfa()
    assert result.status is Status.PROBLEM
    assert "'nowhere' is no 'mfa' program" in result.found
