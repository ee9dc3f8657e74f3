"""Which executor a command line asks for."""

from collections.abc import Sequence
from pathlib import Path

from pase.errors import InputError
from pase.execution.base import Executor, usable_cpus
from pase.execution.local import LocalExecutor

EXECUTORS = ("local", "ray", "slurm")

SLURM_HELP = (
    "slurm: options of sbatch for each worker, NAME=VALUE: partition=cpu account=lab mem=4G time=240 (minutes, after "
    "which a worker is queued again)"
)


def check_workers(executor: str, jobs: int | None) -> None:
    """Refuse a number of workers that an executor cannot have.

    Raises:
        InputError: With what to give instead.
    """
    if executor == "ray" and jobs == 0:
        raise InputError("jobs is 0, which means this process; Ray needs a positive number, or none for all")
    if executor == "slurm" and not jobs:
        raise InputError(f"jobs is {jobs}; the executor slurm needs the number of workers to ask for: --jobs 100")
    if jobs is not None and jobs < 0:
        raise InputError(f"jobs is {jobs}; it must be 0 (this process) or positive")


def open_executor(
    executor: str,
    jobs: int | None,
    folder: Path,
    timeout: float | None = None,
    ray_address: str | None = None,
    slurm: Sequence[str] = (),
) -> Executor:
    """An executor by its name; one of `EXECUTORS`.

    Args:
        executor: The name.
        jobs: Number of workers; None: as many as there are processors, but not for Slurm; 0: this process.
        folder: For the logs of Slurm's workers; all nodes must see it.
        timeout: Seconds that a task may take.
        ray_address: Of a running Ray cluster.
        slurm: Options of sbatch, ``NAME=VALUE``.

    Raises:
        InputError: The number of workers or an option of Slurm makes no sense.
        MissingExtraError: What the executor needs is not installed.
    """
    check_workers(executor, jobs)
    if executor == "ray":
        from pase.execution.ray import RayExecutor

        return RayExecutor(ray_address, jobs, timeout)
    if executor == "slurm":
        from pase.execution.slurm import SlurmExecutor

        return SlurmExecutor(jobs or 1, folder, dict(_pair(option) for option in slurm), timeout)
    return LocalExecutor(usable_cpus() if jobs is None else jobs, timeout)


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not (name and equals and value):
        raise InputError(f"{option!r} is no option for Slurm; expected NAME=VALUE, for example partition=cpu")
    return name.lstrip("-"), value
