"""The report, for people and for machines."""

import json
from collections.abc import Sequence

from pase.doctor.check import Result, Status


def line_of(result: Result) -> str:
    """One line: what it amounts to, what was looked at, what was found, and what to do."""
    advice = f" -> {result.advice}" if result.advice else ""
    return " ".join(f"{result.status:<8} {result.name}: {result.found}{advice}".replace("\n", " ").splitlines())


def summary_of(results: Sequence[Result]) -> str:
    """How many results of each kind there are."""
    counts = {status: sum(result.status is status for result in results) for status in Status}
    plural = {status: "" if counts[status] == 1 else "s" for status in Status}
    told = f"{counts[Status.OK]} ok, {counts[Status.WARNING]} warning{plural[Status.WARNING]}"
    return f"{told}, {counts[Status.PROBLEM]} problem{plural[Status.PROBLEM]}"


def json_of(results: Sequence[Result]) -> str:
    """A list of objects with the keys ``name``, ``status``, ``found`` and ``advice``, all texts."""
    told = [{"name": r.name, "status": r.status.value, "found": r.found, "advice": r.advice} for r in results]
    return json.dumps(told, indent=2, ensure_ascii=False)
