"""Doing a study's runs, each once, and writing down what came of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from pase.errors import InputError, PaseError
from pase.execution.base import usable_cpus
from pase.execution.local import LocalExecutor
from pase.files import make_folder
from pase.study.plan import Run, Study, plan, read_study
from pase.study.records import Record, append_record, read_records
from pase.study.report import write_report
from pase.study.training import train_and_measure

RESULTS = "results.jsonl"
"""File of a study's folder that holds its records."""

Say = Callable[[str], None]


def run_study(path: Path, output: Path, seeds: Sequence[int], only: Sequence[str], jobs: int, say: Say) -> Path:
    """Do what a study still lacks, then write its tables and its page.

    Args:
        path: The study's YAML file, see `pase.study.plan.read_study`.
        output: Folder of its results; may hold those of an earlier call.
        seeds: Of the runs of each row.
        only: Rows to run; all if empty. The tables show all rows that have results.
        jobs: Runs at once, each in as many threads as are its share of the processors.
        say: Takes a line for the user after each run.

    Returns:
        The page.

    Raises:
        InputError: The study cannot be run as it stands; no training was begun.
        PaseError: Some runs failed; the others were done.
    """
    study = read_study(path)
    _check(study, seeds, only, jobs)
    with _locked(make_folder(output)):
        runs = plan(study, seeds, output)
        results = output / RESULTS
        records = read_records(results)
        done = {record.key for record in records}
        wanted = [run for run in runs if not only or run.row in only]
        missing = [run for run in wanted if (run.row, run.seed, run.identity) not in done]
        say(f"{len(wanted)} runs, {len(wanted) - len(missing)} of them done before; results in {results}")
        failures = _do(missing, records, results, jobs, say)
        page = write_report(study, runs, read_records(results), output)
    if failures:
        raise PaseError(
            f"{len(failures)} of {len(missing)} runs failed; the others are in {results}:\n{_list(failures)}"
        )
    return page


def _do(missing: Sequence[Run], records: list[Record], results: Path, jobs: int, say: Say) -> list[str]:
    """Do the runs; returns what to tell of those that failed."""
    failures: list[str] = []
    begun = time.monotonic()
    with LocalExecutor(jobs) as executor:
        work = partial(train_and_measure, threads=max(1, usable_cpus() // jobs))
        for number, (run, outcome) in enumerate(executor.run(work, missing), start=1):
            where = f"{run.row}, seed {run.seed}"
            if isinstance(outcome, Record):
                records = append_record(results, records, outcome)
                left = (time.monotonic() - begun) / number * (len(missing) - number) / 60
                say(f"[{number}/{len(missing)}] {where}: {outcome.seconds:.0f} s of training; {left:.0f} min left")
            elif isinstance(outcome, Exception):
                failures.append(f"{where}: {_told(outcome)}")
                say(f"[{number}/{len(missing)}] {failures[-1]}")
            else:
                raise outcome
    return failures


def _told(error: Exception) -> str:
    """The message; of an error that was not foreseen also the traceback, which the worker notes."""
    if isinstance(error, PaseError):
        return str(error)
    return "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])


def _list(failures: Sequence[str]) -> str:
    return "\n".join(f"- {failure}" for failure in failures)


def _check(study: Study, seeds: Sequence[int], only: Sequence[str], jobs: int) -> None:
    if unknown := [row for row in only if row not in study.rows]:
        raise InputError(f"study {study.name} has no row {', '.join(unknown)}; it has {', '.join(study.rows)}")
    if len(set(seeds)) != len(seeds) or not seeds or min(seeds) < 0:
        raise InputError(f"seeds are {list(seeds)}; different numbers from 0 on were expected")
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; at least 1 was expected")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else writes results here; the lock goes with the process."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(f"another study is at work in {folder}: wait for it, stop it, or name another") from error
    try:
        yield
    finally:
        lock.release()
