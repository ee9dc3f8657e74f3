"""A real Slurm of one node for tests: munged, slurmctld and slurmd of this user, in a folder of their own.

Debian has them as ``slurm-wlm`` and ``munge``. They are started by hand, for a container has no systemd, with a key, a
socket and ports of their own, so that a Slurm that the machine has anyway is not touched. There are two partitions:
jobs of ``urgent`` take the place of those of ``normal``, which are requeued.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROCESSORS = 4  # whatever the machine has: tests of three workers shall not wait for each other
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_PATIENCE = 60.0  # seconds that a daemon may take to start or to stop

_CONFIG = """\
ClusterName=pase
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=0
KillWait=10
ReturnToService=2
MailProg=/bin/true
NodeName=localhost NodeHostname={host} NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN
PartitionName=normal Nodes=localhost Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=localhost MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
"""


class NoSlurmError(Exception):
    """Why a Slurm cannot be started here."""


def command(*words: str) -> str:
    """What one of Slurm's own commands prints; the environment says which Slurm."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        raise NoSlurmError(f"{' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def submit(*options: str) -> str:
    """Number of a job that is submitted."""
    return command("sbatch", "--parsable", *options)


def state_of(job: str) -> str:
    """State of a job: PENDING, RUNNING, COMPLETED ..."""
    return command("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}")


def wait_for_state(job: str, *wanted: str, patience: float = 300) -> str:
    """Wait until a job has one of some states; returns that one."""
    eventually(lambda: state_of(job) in wanted, f"job {job} is not {' or '.join(wanted)}", patience)
    return state_of(job)


def eventually(condition: Callable[[], bool], otherwise: str, patience: float = _PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise NoSlurmError(f"{otherwise} after {patience:g} s")
        time.sleep(0.2)


@contextmanager
def running_slurm(folder: Path) -> Iterator[Path]:
    """Start the daemons, and stop them and all jobs afterwards.

    Args:
        folder: An empty folder with a short name, for sockets lie in it.

    Yields:
        The configuration, for ``SLURM_CONF``.

    Raises:
        NoSlurmError: Programs are missing, or one of them does not start; the message says which and why.
    """
    if missing := [name for name in _PROGRAMS if shutil.which(name, path=_PATH) is None]:
        raise NoSlurmError(f"{', '.join(missing)} not found (Debian: apt-get install slurm-wlm munge)")
    folder.chmod(0o755)  # munge wants to know that nobody else can write there
    config = _write_config(folder)
    with ExitStack() as stack:
        _start_munge(folder, stack)
        stack.enter_context(_environment("SLURM_CONF", str(config)))
        stack.enter_context(_daemon(folder, "slurmctld", "-D", "-f", str(config)))
        stack.enter_context(_daemon(folder, "slurmd", "-D", "-N", "localhost", "-f", str(config)))
        try:
            eventually(lambda: "idle" in _node_state(), "the node is not ready")
        except NoSlurmError as error:
            raise NoSlurmError(f"{error}\n{_last_lines(folder)}") from error
        stack.callback(_cancel_all)
        yield config


def _write_config(folder: Path) -> Path:
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    config = folder / "slurm.conf"
    controller_port, node_port = _free_ports(2)
    config.write_text(
        _CONFIG.format(
            host=socket.gethostname().partition(".")[0],
            controller_port=controller_port,
            node_port=node_port,
            user=pwd.getpwuid(os.getuid()).pw_name,
            folder=folder,
            processors=PROCESSORS,
        )
    )
    return config


def _start_munge(folder: Path, stack: ExitStack) -> None:
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
    options = [f"--{option}={folder}/munge.{ending}" for option, ending in places.items()]
    stack.enter_context(_daemon(folder, "munged", "--foreground", "--force", *options))
    try:
        eventually((folder / "munge.socket").exists, "munged has no socket", 20)
    except NoSlurmError as error:
        raise NoSlurmError(f"{error}\n{_last_lines(folder)}") from error


@contextmanager
def _daemon(folder: Path, name: str, *options: str) -> Iterator[None]:
    program = shutil.which(name, path=_PATH) or name
    leash = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []  # for tests that are killed
    with (folder / f"{name}.out").open("wb") as output:
        process = subprocess.Popen([*leash, program, *options], stdout=output, stderr=output, start_new_session=True)
    try:
        time.sleep(0.3)
        if process.poll() is not None:
            raise NoSlurmError(f"{name} ended with exit status {process.returncode}\n{_last_lines(folder)}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _node_state() -> str:
    try:
        return command("sinfo", "--noheader", "--format=%T", "--partition=normal")
    except NoSlurmError:  # the controller is not there yet
        return ""


def _cancel_all() -> None:
    """No job outlives its Slurm."""
    command("scancel", "--user", pwd.getpwuid(os.getuid()).pw_name)
    eventually(lambda: not command("squeue", "--noheader"), "jobs do not end")


def _last_lines(folder: Path) -> str:
    files = sorted([*folder.glob("*.out"), *folder.glob("*.log")])
    return "\n".join(f"{path.name}: {line}" for path in files for line in path.read_text().splitlines()[-5:])


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
