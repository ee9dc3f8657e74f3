"""The `mfa` program: where it is, which version, and running it so that nothing of it outlives the call."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from pase.errors import InputError, MissingExtraError

_INSTALL = (
    "Install it with 'conda create -n mfa -c conda-forge montreal-forced-aligner', then name the environment or the "
    "program, or set PASE_MFA to either. (From PyPI it lacks its Kaldi part and cannot run.)"
)
_OLDEST = 3
_START_SECONDS = 300.0
"""Seconds after which `mfa version`, which takes about three, is given up."""


def find_program(given: str | None = None) -> Path:
    """The `mfa` program.

    Args:
        given: The program, the folder of a conda environment that holds it, or such an environment's name. None:
            ``$PASE_MFA``, which may be any of these, else the program on the PATH.

    Raises:
        InputError: There is none at what was given.
        MissingExtraError: Nothing was given and none is on the PATH.
    """
    named = given or os.environ.get("PASE_MFA")
    if named is None:
        found = shutil.which("mfa")
        if found is None:
            raise MissingExtraError(f"the Montreal Forced Aligner is needed and no 'mfa' is on the PATH. {_INSTALL}")
        return Path(found).absolute()
    for place in (Path(named).expanduser(), *(folder for folder in _environments() if folder.name == named)):
        program = place / "bin" / "mfa" if place.is_dir() else place
        if program.is_file() and os.access(program, os.X_OK):
            return program.absolute()
    raise InputError(f"{named!r} is no 'mfa' program and no conda environment with one. {_INSTALL}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of the program ended.

    Attributes:
        code: Exit code; negative: the signal that killed it; None: it was stopped after its time.
        log: What it printed.
    """

    code: int | None
    log: str

    @property
    def error(self) -> str:
        """The last error that it printed, in one line of at most 300 characters."""
        lines = [line.strip(" │\t") for line in self.log.splitlines()]
        kept = [line for line in lines if line and line[0] not in "╭╰"]
        errors = [n for n, line in enumerate(kept) if re.match(r"[A-Za-z_][\w.]*(Error|Exception)\b", line)]
        text = " ".join(kept[errors[-1] :] if errors else kept[-3:])
        return text if len(text) <= 300 else text[:297] + "..."


def run_program(program: Path, arguments: list[str], root: Path, seconds: float) -> Outcome:
    """Run `mfa` to its end.

    It does not see the user's settings of MFA, nor the Python that runs PASE. Whatever ends this call, the program and
    its child processes end with it.

    Args:
        program: From `find_program`.
        arguments: The command and what follows it.
        root: Its ``MFA_ROOT_DIR``: a folder that no other run uses, because runs overwrite each other's models there.
        seconds: After which it is stopped.

    Raises:
        InputError: The program cannot be started.
    """
    with tempfile.TemporaryFile() as log:
        code = _run([str(program), *arguments], _environment(program, root), log, seconds)
        log.seek(0)
        return Outcome(code, log.read().decode("utf-8", errors="replace"))


@cache
def version_of(program: Path) -> str:
    """Version of the program, for example ``"3.4.3"``.

    Raises:
        InputError: It says none, or one that is too old.
        MissingExtraError: It is broken.
    """
    with tempfile.TemporaryDirectory(prefix="pase-mfa-") as root:
        outcome = run_program(program, ["version"], Path(root), _START_SECONDS)
    refuse_broken(program, outcome)
    match = re.search(r"^(\d+)\.\d+\S*$", outcome.log, re.MULTILINE)
    if outcome.code != 0 or match is None:
        raise InputError(
            f"'{program} version' ended with code {outcome.code}: {outcome.error or 'no word'}. {_INSTALL}"
        )
    if int(match[1]) < _OLDEST:
        raise InputError(f"{program} is version {match[0]}; {_OLDEST}.0 or later is needed. {_INSTALL}")
    return match[0]


def refuse_broken(program: Path, outcome: Outcome) -> None:
    """Raise where no run of this program can succeed.

    Raises:
        MissingExtraError: Modules that it needs are missing.
        InputError: The disk is full.
    """
    missing = re.search(r"(?:ModuleNotFound|Import)Error: (.+)", outcome.log)
    if outcome.code != 0 and missing:
        raise MissingExtraError(f"{program} is broken: {missing[1].strip()}. {_INSTALL}")
    if outcome.code != 0 and "No space left on device" in outcome.log:
        raise InputError(
            f"{program} found the disk full: {outcome.error}. Free room, or name another temporary folder."
        )


def _environments() -> tuple[Path, ...]:
    """Folders of the conda environments that can be found without running conda."""
    listed = Path.home() / ".conda" / "environments.txt"
    known = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    roots = [Path(os.environ[name]) for name in ("MAMBA_ROOT_PREFIX", "CONDA_PREFIX") if os.environ.get(name)]
    roots += [Path(os.environ["CONDA_EXE"]).parents[1]] if os.environ.get("CONDA_EXE") else []
    places = [root if root.name == "envs" else root / "envs" for root in (*roots, *(root.parent for root in roots))]
    inside = [folder for place in places if place.is_dir() for folder in sorted(place.iterdir())]
    return (*(Path(line.strip()) for line in known if line.strip()), *inside)


def _environment(program: Path, root: Path) -> dict[str, str]:
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MFA_PROFILE")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {
        "PATH": f"{program.parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "MFA_ROOT_DIR": str(root),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",  # IPA, also where the locale is C
        "COLUMNS": "200",  # error messages unbroken
    }


def _run(command: list[str], environment: dict[str, str], log: IO[bytes], seconds: float) -> int | None:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(f"cannot start {command[0]}: {error.strerror or error}. {_INSTALL}") from error
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):  # the group is gone where all is well
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
