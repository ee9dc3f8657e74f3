"""Worker processes that raise, and that die. The tasks are expressions, for workers cannot import this file."""

from pase.preparation.executors.local import WorkerDiedError, run_tasks

DIE = "__import__('os')._exit(1)"


def test_values_and_exceptions() -> None:
    results = dict(run_tasks(eval, ["6 * 7", "1 / 0", "'a' + 'b'"], 2))
    assert results["6 * 7"] == 42
    assert results["'a' + 'b'"] == "ab"
    assert isinstance(results["1 / 0"], ZeroDivisionError)


def test_a_worker_that_dies_loses_its_own_task_only() -> None:
    tasks = ["1", "2", DIE, "3", f"[{DIE}]", "4", "5"]
    results = list(run_tasks(eval, tasks, 2))
    assert sorted(task for task, _ in results) == sorted(tasks)
    died = {task for task, value in results if isinstance(value, WorkerDiedError)}
    assert died == {DIE, f"[{DIE}]"}
    assert {value for _, value in results if isinstance(value, int)} == {1, 2, 3, 4, 5}


def test_in_this_process() -> None:
    assert list(run_tasks(str, [3, 1], 0)) == [(3, "3"), (1, "1")]


def test_workers_use_one_thread() -> None:
    task = "__import__('os').environ['OMP_NUM_THREADS']"
    assert list(run_tasks(eval, [task], 1)) == [(task, "1")]
