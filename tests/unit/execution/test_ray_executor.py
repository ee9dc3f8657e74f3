"""What only Ray promises; what it has in common with other executors is in test_executor_contract.py."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pase.errors import InputError, MissingExtraError
from pase.execution.base import WorkerDiedError
from pase.execution.ray import RayExecutor

PID = "__import__('os').getpid()"
PARENT = "__import__('os').getppid()"

SCRIPT = """
import ray
from pase.execution.ray import RayExecutor

if __name__ == "__main__":
    with RayExecutor(workers=1) as executor:
        assert list(executor.run(abs, [-1])) == [(-1, 1)]
        assert ray.cluster_resources()["CPU"] == 1
    assert not ray.is_initialized()
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"\[ray\]"):
        RayExecutor()


@pytest.mark.slow
def test_its_own_ray_is_quiet_and_shut_down(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_address_without_a_cluster_is_the_user_s_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)  # Ray itself takes minutes to give up
    with pytest.raises(InputError, match=r"ray://head:10001: nobody there"), RayExecutor("ray://head:10001"):
        pass


@pytest.mark.slow
@pytest.mark.usefixtures("running_ray")
class TestOnARunningRay:
    def test_it_is_left_running(self) -> None:
        import ray

        with RayExecutor() as executor:
            assert executor.workers == 3
        assert ray.is_initialized()

    def test_a_task_that_loses_its_ray_worker_is_tried_three_times(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        write = f"[print('x', file=f, flush=True) for f in [open({str(log)!r}, 'a')]]"
        with RayExecutor(workers=2) as executor:
            [(_, outcome)] = executor.run(eval, [f"{write} and __import__('os').kill({PARENT}, 9)"])
        assert isinstance(outcome, WorkerDiedError)
        assert log.read_text() == "x\n" * 3

    def test_a_task_that_dies_late_is_not_taken_for_late(self) -> None:
        with RayExecutor(workers=1, timeout=2) as executor:
            [(_, outcome)] = executor.run(eval, [f"__import__('time').sleep(1.5) or __import__('os').kill({PID}, 9)"])
        assert "SIGKILL" in str(outcome)

    def test_no_process_outlives_its_ray_worker(self, tmp_path: Path) -> None:
        begun = tmp_path / "begun"
        hang = f"[__import__('pathlib').Path({str(begun)!r}).touch(), __import__('time').sleep(600)]"
        with RayExecutor(workers=1) as executor:
            with closing(executor.run(eval, [f"{PID}, {PARENT}", hang])) as results:
                _, pids = next(results)
                assert eventually(begun.exists)
            assert eventually(lambda: all(map(gone, pids)))

    def test_a_timeout_kills_what_the_worker_started(self, tmp_path: Path) -> None:
        mark = tmp_path / "alive"
        child = f"__import__('subprocess').run(['sh', '-c', 'sleep 3; touch {mark}'])"
        with RayExecutor(workers=1, timeout=1) as executor:
            list(executor.run(eval, [child]))
        time.sleep(3)
        assert not mark.exists()


@pytest.mark.parametrize(("workers", "timeout"), [(0, None), (-1, None), (1, 0.0)])
def test_senseless_settings_are_refused(workers: int, timeout: float | None) -> None:
    with pytest.raises(ValueError, match="must be"):
        RayExecutor(workers=workers, timeout=timeout)
