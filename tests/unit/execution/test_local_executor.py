"""What only local processes promise. The tasks are expressions, for workers cannot import this file."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pase.execution.base import WorkerDiedError
from pase.execution.local import LocalExecutor

PID = "__import__('os').getpid()"
SLEEP = "__import__('time').sleep(600)"

SCRIPT = f"""
import signal

from pase.execution.local import LocalExecutor

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
    with LocalExecutor(2) as executor:
        for task, pid in executor.run(eval, ["{PID}, 1", "{PID}, 2", "{SLEEP}", "{SLEEP}"]):
            print(pid[0], flush=True)
"""
UNGUARDED = """
from pase.execution.local import LocalExecutor

list(LocalExecutor(1).run(abs, [1]))
"""


def gone(pid: int) -> bool:
    """Within five seconds."""
    for _ in range(100):
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False


def start_script(folder: Path) -> tuple["subprocess.Popen[str]", set[int]]:
    script = folder / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, {int(process.stdout.readline()) for _ in range(2)}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_the_parent(tmp_path: Path, how: signal.Signals) -> None:
    process, workers = start_script(tmp_path)
    assert workers
    process.send_signal(how)
    process.communicate(timeout=10)
    assert all(gone(pid) for pid in workers)


def test_an_interrupt_is_prompt_and_raised_once(tmp_path: Path) -> None:
    process, _ = start_script(tmp_path)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert errors.count("KeyboardInterrupt") == 1


def test_a_timeout_kills_what_the_worker_started() -> None:
    with LocalExecutor(1, timeout=1) as executor:
        before = "__import__('subprocess').Popen(['sleep', '600']).pid"
        [(_, child)] = executor.run(eval, [before])
        list(executor.run(eval, [SLEEP]))
    assert gone(child)


def test_starting_is_not_counted_as_the_task_s_time() -> None:
    with LocalExecutor(1, timeout=0.05) as executor:
        assert list(executor.run(abs, [-1])) == [(-1, 1)]


def test_the_end_of_the_context_kills_idle_and_busy_workers() -> None:
    with LocalExecutor(2) as executor:
        results = executor.run(eval, [PID, f"__import__('time').sleep(0.2) or {PID}", SLEEP])
        pids = {next(results)[1], next(results)[1]}
    assert all(gone(pid) for pid in pids)


def test_a_worker_that_died_while_idle_is_replaced() -> None:
    with LocalExecutor(1) as executor:
        [(_, pid)] = executor.run(eval, [PID])
        os.kill(pid, signal.SIGKILL)
        assert list(executor.run(abs, [-1, -2])) == [(-1, 1), (-2, 2)]


def test_only_as_many_workers_as_tasks() -> None:
    with LocalExecutor(8) as executor:
        list(executor.run(abs, [1, 2]))
        assert len(multiprocessing.active_children()) <= 2


def test_how_a_worker_died_is_told() -> None:
    with LocalExecutor(1) as executor:
        results = dict(executor.run(eval, [f"__import__('os').kill({PID}, 9)", "__import__('os')._exit(3)"]))
    messages = [str(value) for value in results.values() if isinstance(value, WorkerDiedError)]
    assert len(messages) == 2
    assert "SIGKILL" in messages[0]
    assert "status 3" in messages[1]


def test_a_script_without_guard_fails_with_advice(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "__main__" in done.stderr.splitlines()[-1]


def test_a_second_run_before_the_first_is_over_is_refused() -> None:
    with LocalExecutor(1) as executor:
        first = executor.run(abs, [1, 2, 3])
        next(first)
        with pytest.raises(RuntimeError, match="former run"):
            next(executor.run(abs, [4]))
        assert len(list(first)) == 2


def test_zero_workers_is_this_process_in_order() -> None:
    with LocalExecutor(0) as executor:
        assert list(executor.run(eval, [PID])) == [(PID, os.getpid())]
        values = [value for _, value in executor.run(int, ["3", "x", "1"])]
    assert (values[0], values[2]) == (3, 1)
    assert isinstance(values[1], ValueError)


def test_an_interrupt_is_not_a_value_in_this_process() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(LocalExecutor(0).run(interrupt, [1]))


def test_the_parent_s_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with LocalExecutor(1) as executor:
        list(executor.run(abs, [1]))
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_big_task_and_a_big_value_do_not_block() -> None:
    big = b"x" * 5_000_000
    with LocalExecutor(2) as executor:
        assert [len(value) for _, value in executor.run(bytes.upper, [big] * 3)] == [len(big)] * 3


def test_it_runs_in_another_thread_than_the_main_one() -> None:
    found: list[tuple[int, object]] = []

    def prepare() -> None:
        with LocalExecutor(1) as executor:
            found.extend(executor.run(abs, [-3]))

    thread = threading.Thread(target=prepare)
    thread.start()
    thread.join(30)
    assert found == [(-3, 3)]


@pytest.mark.parametrize(("workers", "timeout"), [(-1, None), (1, 0.0), (1, -2.0)])
def test_senseless_settings_are_refused(workers: int, timeout: float | None) -> None:
    with pytest.raises(ValueError, match="must be"):
        LocalExecutor(workers, timeout)
