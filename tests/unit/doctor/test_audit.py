"""An audit passes where nothing is known against the versions, or no service can be asked; everything else fails it."""

from pathlib import Path

import pytest

from pase.doctor.audit import WELL_KNOWN, Answer, ask, audit

CLEAN = Answer(0, "", "No known vulnerabilities found")
VULNERABLE = Answer(1, "Name Version ID\nfoo 1.0 PYSEC-1", "Found 1 known vulnerability in 1 package")
UNKNOWN = Answer(1, "", "ERROR:pip_audit._cli:foo: Dependency not found on PyPI and could not be audited: foo (1.0)")
BLOCKED = Answer(1, "", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed")
OFFLINE = Answer(1, "", "Traceback ...\nrequests.exceptions.ConnectionError: Failed to resolve 'pypi.org'")
CRASH = Answer(1, "", "Traceback ...\nTypeError: unsupported operand")
ABSENT = Answer(1, "", "python: No module named pip_audit")


def run(answer: Answer, well_known: Answer, offline_passes: bool) -> tuple[int, str]:
    def answers(path: Path) -> Answer:
        if path.name == "constraints.txt":
            return answer
        assert path.read_text() == WELL_KNOWN
        return well_known

    return audit(Path("constraints.txt"), offline_passes, answers)


@pytest.mark.parametrize("offline_passes", [False, True])
@pytest.mark.parametrize(
    ("answer", "well_known", "status", "told"),
    [
        (CLEAN, OFFLINE, 0, "no known vulnerability"),
        (VULNERABLE, CLEAN, 1, "PYSEC-1"),
        (UNKNOWN, CLEAN, 1, "could not be audited: foo"),
        (UNKNOWN, VULNERABLE, 1, "could not be audited: foo"),
        (UNKNOWN, CRASH, 1, "could not be audited: foo"),
        (CRASH, OFFLINE, 1, "unsupported operand"),
        (ABSENT, ABSENT, 1, "No module named pip_audit"),
    ],
)
def test_verdict(offline_passes: bool, answer: Answer, well_known: Answer, status: int, told: str) -> None:
    found = run(answer, well_known, offline_passes)
    assert found[0] == status
    assert told in found[1]


@pytest.mark.parametrize("answer", [UNKNOWN, BLOCKED, OFFLINE])
def test_without_a_service_it_passes_where_that_is_wanted(answer: Answer) -> None:
    assert run(answer, answer, offline_passes=False)[0] == 1
    status, told = run(answer, answer, offline_passes=True)
    assert status == 0
    assert "nothing was audited" in told


def test_a_file_that_cannot_be_read_fails_without_a_service_too(tmp_path: Path) -> None:
    broken = tmp_path / "constraints.txt"
    broken.write_text("absl-py==2.5.1\nthis is == no requirement\n")
    status, told = audit(broken, offline_passes=True, ask=lambda path: ask(path) if path == broken else OFFLINE)
    assert status == 1
    assert "no requirement" in told
