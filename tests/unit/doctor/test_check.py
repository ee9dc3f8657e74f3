from collections.abc import Iterator

import pytest

from pase.doctor.check import Check, Result, Status, exit_status
from pase.doctor.examine import checks_of, examine
from pase.doctor.text import json_of, line_of, summary_of
from pase.errors import InputError

FINE = Result("fine", Status.OK, "1.0")
ODD = Result("odd", Status.WARNING, "2.0", "look")
BAD = Result("bad", Status.PROBLEM, "none\nat all", "mend it")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (InputError("no model: download it"), "no model: download it"),
        (RuntimeError("operator does not exist"), "RuntimeError: operator does not exist"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_failing_check_becomes_a_problem_and_the_next_is_made(error: BaseException, found: str) -> None:
    def look() -> Iterator[Result]:
        yield FINE
        raise error

    results = examine([Check("broken", look), Check("odd", lambda: [ODD])])
    assert [(result.name, result.status) for result in results] == [
        ("fine", Status.OK),
        ("broken", Status.PROBLEM),
        ("odd", Status.WARNING),
    ]
    assert found in results[1].found


def test_interrupt_is_no_finding() -> None:
    def look() -> Iterator[Result]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        examine([Check("slow", look)])


def test_results_are_told_as_they_come() -> None:
    told: list[Result] = []
    examine([Check("one", lambda: [FINE]), Check("two", lambda: [ODD, BAD])], told.append)
    assert told == [FINE, ODD, BAD]


@pytest.mark.parametrize(("results", "status"), [([], 0), ([FINE, ODD], 0), ([FINE, BAD, ODD], 1)])
def test_exit_status(results: list[Result], status: int) -> None:
    assert exit_status(results) == status


def test_one_line_each() -> None:
    assert line_of(FINE) == "ok       fine: 1.0"
    assert line_of(BAD) == "problem  bad: none at all -> mend it"
    assert summary_of([FINE, ODD, ODD, BAD]) == "1 ok, 2 warnings, 1 problem"


def test_json_keeps_texts_as_they_are() -> None:
    assert '"found": "none\\nat all"' in json_of([BAD])


def test_quick_leaves_out_the_self_test_alone(tmp_path) -> None:
    whole = [check.name for check in checks_of(tmp_path)]
    assert [check.name for check in checks_of(tmp_path, quick=True)] == whole[:-1]
    assert whole[-1] == "self-test"
