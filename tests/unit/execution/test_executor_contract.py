"""What every executor promises. The tasks are expressions, for workers cannot import this file."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pase.errors import UnusableClipError
from pase.execution.base import Executor, TaskTimeoutError, WorkerDiedError
from pase.execution.local import LocalExecutor
from pase.execution.ray import RayExecutor
from pase.execution.slurm import SlurmExecutor


def needs(package: str) -> list[pytest.MarkDecorator]:
    absent = importlib.util.find_spec(package) is None
    return [pytest.mark.slow, pytest.mark.skipif(absent, reason=f"{package} is not installed")]


PID = "__import__('os').getpid()"
DIE = f"__import__('os').kill({PID}, 9)"
SLEEP = "__import__('time').sleep(600)"


Make = Callable[[int, float | None], Executor]


@pytest.fixture(
    params=["local", pytest.param("ray", marks=needs("ray")), pytest.param("slurm", marks=needs("submitit"))]
)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "local":
        return LocalExecutor
    if request.param == "slurm":
        request.getfixturevalue("slurm")
        return lambda workers, timeout: SlurmExecutor(workers, tmp_path / "slurm", timeout=timeout)
    request.getfixturevalue("running_ray")
    return lambda workers, timeout: RayExecutor(workers=workers, timeout=timeout)


def die_once(marker: Path) -> str:
    """A task that kills its worker unless the marker is there."""
    return f"(p := __import__('pathlib').Path({str(marker)!r})).exists() or (p.touch(), {DIE})"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_task_comes_back_once_with_its_value(make: Make, workers: int) -> None:
    with make(workers, None) as executor:
        assert executor.workers == workers
        assert sorted(executor.run(abs, range(-20, 20))) == [(task, abs(task)) for task in range(-20, 20)]


def test_no_tasks(make: Make) -> None:
    with make(2, None) as executor:
        assert list(executor.run(abs, [])) == []


def test_exceptions_are_values_with_the_worker_s_traceback(make: Make) -> None:
    with make(2, None) as executor:
        results = dict(executor.run(eval, ["1 / 0", "6 * 7", "nonsense"]))
    assert results["6 * 7"] == 42
    assert isinstance(results["1 / 0"], ZeroDivisionError)
    assert any("<string>" in note for note in results["1 / 0"].__notes__)
    assert isinstance(results["nonsense"], NameError)


def test_an_error_of_ours_keeps_its_reason(make: Make) -> None:
    with make(1, None) as executor:
        error_class = "__import__('pase.errors').errors.UnusableClipError"
        raising = f"(_ for _ in ()).throw({error_class}('dark', 'too dark'))"
        [(_, error)] = executor.run(eval, [raising])
    assert isinstance(error, UnusableClipError)
    assert (error.reason, str(error)) == ("dark", "too dark")


def test_what_cannot_be_pickled_comes_back_as_an_exception(make: Make) -> None:
    no_arguments = "(_ for _ in ()).throw(type('Odd', (Exception,), {'__module__': 'nowhere'})('why'))"
    with make(1, None) as executor:
        results = dict(executor.run(eval, ["lambda: 0", no_arguments, "1"]))
    assert isinstance(results["lambda: 0"], Exception)
    assert "Odd: why" in str(results[no_arguments])
    assert results["1"] == 1


def test_a_worker_that_always_dies_loses_its_own_task_only(make: Make) -> None:
    tasks = ["1", "2", DIE, "3", f"[{DIE}]", "4", "5", f"[[{DIE}]]", "6"]
    with make(2, None) as executor:
        results = list(executor.run(eval, tasks))
    assert sorted(task for task, _ in results) == sorted(tasks)
    assert {task for task, value in results if isinstance(value, WorkerDiedError)} == {t for t in tasks if DIE in t}
    assert {value for _, value in results if isinstance(value, int)} == {1, 2, 3, 4, 5, 6}


def test_a_task_whose_worker_dies_once_is_done_again(make: Make, tmp_path: Path) -> None:
    task = die_once(tmp_path / "died")
    with make(2, None) as executor:
        assert sorted(executor.run(eval, [task, "1", "2"]), key=str) == sorted(
            [(task, True), ("1", 1), ("2", 2)], key=str
        )


def test_a_hanging_task_is_killed_and_the_rest_goes_on(make: Make) -> None:
    with make(2, 1.0) as executor:
        results = dict(executor.run(eval, ["1", SLEEP, "2", "3"]))
        assert isinstance(results[SLEEP], TaskTimeoutError)
        assert [results[task] for task in "123"] == [1, 2, 3]
        assert list(executor.run(abs, [-4])) == [(-4, 4)]


@pytest.mark.parametrize("workers", [1, 3])
def test_tasks_are_taken_only_when_they_can_be_begun(make: Make, workers: int) -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield -taken

    with make(workers, None) as executor, closing(executor.run(abs, endless())) as results:
        for received in range(1, 11):
            next(results)
            assert taken <= received + 2 * workers


def test_workers_stay_from_one_run_to_the_next(make: Make) -> None:
    with make(1, None) as executor:
        pids = {pid for _ in range(3) for _, pid in executor.run(eval, [PID])}
    assert len(pids) == 1


def test_a_run_that_is_left_early_does_not_disturb_the_next(make: Make) -> None:
    with make(2, None) as executor:
        with closing(executor.run(eval, ["1", SLEEP, SLEEP])) as results:
            assert next(results) == ("1", 1)
        assert sorted(executor.run(abs, [-1, -2, -3])) == [(-3, 3), (-2, 2), (-1, 1)]


def test_workers_use_one_thread(make: Make) -> None:
    task = "__import__('os').environ['OMP_NUM_THREADS']"
    with make(1, None) as executor:
        assert list(executor.run(eval, [task])) == [(task, "1")]


def test_an_exception_of_the_tasks_iterable_is_the_caller_s(make: Make) -> None:
    def tasks() -> Iterator[int]:
        yield -1
        raise OSError("the list of clips is gone")

    with make(1, None) as executor:
        with pytest.raises(OSError, match="gone"):
            list(executor.run(abs, tasks()))
        assert list(executor.run(abs, [-1])) == [(-1, 1)]
