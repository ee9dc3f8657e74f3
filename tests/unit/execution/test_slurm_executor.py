"""What only Slurm promises; what it has in common with other executors is in test_executor_contract.py."""

import shutil
import socket
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.slurm_cluster import command, eventually

from pase.errors import InputError, MissingExtraError, PaseError
from pase.execution.base import WorkerDiedError
from pase.execution.choice import open_executor
from pase.execution.slurm import SlurmExecutor

PID = "__import__('os').getpid()"
PARENT = "__import__('os').getppid()"
JOB = "(e := __import__('os').environ).get('SLURM_ARRAY_JOB_ID') or e['SLURM_JOB_ID']"  # one worker is no array
SLEEP = "__import__('time').sleep(600)"

SCRIPT = """
import sys
from pathlib import Path
from pase.execution.slurm import SlurmExecutor

if __name__ == "__main__":
    with SlurmExecutor(1, Path(sys.argv[1])) as executor:
        for task, value in executor.run(eval, [sys.argv[2], sys.argv[3]]):
            print(value, flush=True)
"""


def test_without_submitit_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(MissingExtraError, match=r"\[slurm\]"):
        SlurmExecutor(1, tmp_path)


@pytest.mark.parametrize(
    ("jobs", "options", "message"),
    [(None, (), "--jobs 100"), (2, ("cpu",), "NAME=VALUE"), (2, ("time=1:00",), "whole number of minutes")],
)
def test_what_makes_no_sense_is_refused(
    jobs: int | None, options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    pytest.importorskip("submitit")
    with pytest.raises(InputError, match=message):
        open_executor("slurm", jobs, tmp_path, slurm=options)


@pytest.mark.parametrize(("workers", "timeout"), [(0, None), (-1, None), (1, 0.0)])
def test_senseless_settings_are_refused(workers: int, timeout: float | None, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be"):
        SlurmExecutor(workers, tmp_path, timeout=timeout)


def test_a_machine_without_slurm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(InputError, match="Is sbatch there"), SlurmExecutor(1, tmp_path) as executor:
        list(executor.run(abs, [1]))


@pytest.mark.slow
@pytest.mark.usefixtures("slurm")
class TestOnARunningSlurm:
    @pytest.fixture(autouse=True)
    def _submitit(self) -> None:
        pytest.importorskip("submitit")

    def test_options_that_slurm_refuses_are_the_user_s_to_mend(self, tmp_path: Path) -> None:
        executor = SlurmExecutor(1, tmp_path, {"partition": "nowhere"})
        with pytest.raises(InputError, match=r"partition=nowhere.*invalid partition"), executor:
            list(executor.run(abs, [1]))

    def test_no_job_is_left_and_nobody_else_reads_the_key(self, tmp_path: Path) -> None:
        with SlurmExecutor(2, tmp_path / "slurm") as executor:
            [(_, job)] = executor.run(eval, [JOB])
            assert command("squeue", "--noheader", f"--jobs={job}")
        eventually(lambda: not command("squeue", "--noheader", f"--jobs={job}"), "workers are left")
        assert stat.S_IMODE((tmp_path / "slurm").stat().st_mode) == 0o700

    def test_a_task_that_loses_its_job_is_tried_three_times(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        write = f"[print('x', file=f, flush=True) for f in [open({str(log)!r}, 'a')]]"
        with SlurmExecutor(3, tmp_path / "slurm") as executor:
            results = dict(executor.run(eval, [f"{write} and __import__('os').kill({PARENT}, 9)"]))
        assert [type(value) for value in results.values()] == [WorkerDiedError]
        assert log.read_text() == "x\n" * 3

    def test_a_preempted_worker_comes_back(self, tmp_path: Path) -> None:
        with SlurmExecutor(1, tmp_path / "slurm") as executor, closing(executor.run(eval, [JOB, "6 * 7"])) as results:
            _, job = next(results)
            command("scontrol", "requeue", job)
            command("scontrol", "update", f"JobId={job}", "StartTime=now")
            assert next(results) == ("6 * 7", 42)

    def test_workers_that_are_cancelled_end_the_run(self, tmp_path: Path) -> None:
        with SlurmExecutor(2, tmp_path / "slurm") as executor, closing(executor.run(eval, [JOB, SLEEP])) as results:
            _, job = next(results)
            command("scancel", job)
            with pytest.raises(PaseError, match=r"(?s)CANCELLED.*logs are in.*CANCELLED"):
                next(results)

    def test_no_worker_outlives_a_parent_that_is_killed(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(SCRIPT)
        words = [sys.executable, str(script), str(tmp_path / "slurm"), f"({JOB}) + ' ' + str({PID})", SLEEP]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            said = parent.stdout.readline()
            parent.kill()
        job, pid = said.split()
        eventually(lambda: not Path(f"/proc/{pid}/exe").exists(), "the task goes on", 30)
        eventually(lambda: not command("squeue", "--noheader", f"--jobs={job}"), "the worker waits", 120)

    def test_who_does_not_know_the_key_gets_nothing(self, tmp_path: Path) -> None:
        with SlurmExecutor(1, tmp_path / "slurm") as executor:
            assert dict(executor.run(abs, [-1])) == {-1: 1}
            assert executor._server is not None
            address = ("127.0.0.1", executor._server.getsockname()[1])
            with socket.create_connection(address) as stranger:
                stranger.sendall(b"\0\0\0\4let me in please, this is no answer to a challenge")
                assert dict(executor.run(eval, ["__import__('time').sleep(1) or 2"])).popitem()[1] == 2
