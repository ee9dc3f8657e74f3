"""The half of the launcher that runs in PASE's Python: checks everything, then becomes the renderer's process."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from pase.errors import InputError
from pase_adapters.launch.child import Orders
from pase_adapters.launch.width import Width
from pase_adapters.spec import Launch, RendererSpec

_CHILD = Path(__file__).with_name("child.py")
_OLDEST = (3, 7)
"""Python that `child.py` is written for: the oldest that a renderer of docs/renderers.md asks for."""


@dataclass(frozen=True, slots=True)
class Start:
    """A renderer's script to be run with another width, everything about it checked.

    Attributes:
        spec: The renderer, which has a launch.
        checkout: Its folder, where the script is run.
        python: Path of the interpreter to run it by.
        words: The script and its arguments, as behind ``python`` in the checkout.
    """

    spec: RendererSpec
    checkout: Path
    python: Path
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_checkout(self.spec, self.launch, self.checkout, self.words)
        _check_python(self.python)

    @property
    def launch(self) -> Launch:
        """How the renderer is given another width.

        Raises:
            InputError: It cannot be.
        """
        if self.spec.launch is None:
            raise InputError(
                f"{self.spec.name} cannot be given another width: its features are made to fit "
                f"({', '.join(slot.name for slot in self.spec.slots)}). Run its own command without pase-adapt."
            )
        return self.spec.launch

    @property
    def asks_for_help(self) -> bool:
        """Whether the script will only print its options."""
        return not {"-h", "--help"}.isdisjoint(self.words)

    def command(self, width: Width | None) -> list[str]:
        """The command to run in the checkout; without a width, the script as it is."""
        if width is None:
            return [str(self.python), *self.words]
        launch = self.launch
        orders = Orders(
            renderer=self.spec.name,
            module=launch.module,
            cls=launch.cls,
            width_argument=launch.width_argument,
            first_layer=launch.first_layer,
            width=width.features,
            source=width.source,
        )
        return [str(self.python), str(_CHILD), json.dumps(asdict(orders)), *self.words]

    def execute(self, width: Width | None) -> NoReturn:
        """Become the renderer's process, so that its exit status, signals and terminal are the renderer's own.

        Raises:
            InputError: It cannot be started.
        """
        command = self.command(width)
        sys.stdout.flush()
        try:
            os.chdir(self.checkout)
            os.execv(command[0], command)  # noqa: S606  # an argument list, no shell
        except OSError as error:
            raise InputError(f"{command[0]} cannot be started in {self.checkout}: {error.strerror or error}") from error


def find_python(given: str) -> Path:
    """Full path of an interpreter that is given as a command or a path; links stay, as virtual environments are links.

    Raises:
        InputError: There is no such program.
    """
    found = shutil.which(given)
    if found is None:
        raise InputError(
            f"the interpreter {given} is not there, or no program. Give the Python of the renderer's environment by "
            f"--python or PASE_RENDERERS_PYTHON."
        )
    return Path(found).absolute()


def _check_checkout(spec: RendererSpec, launch: Launch, checkout: Path, words: tuple[str, ...]) -> None:
    script = checkout / words[0]
    # Python imports from the script's folder first, which need not be the checkout's.
    known = any((folder / launch.file).is_file() for folder in (script.parent, checkout))
    missing = [file for file, found in ((launch.file, known), (words[0], script.is_file())) if not found]
    if missing:
        raise InputError(
            f"{checkout} has no {' and no '.join(missing)}. Expected a checkout of {spec.name} ({spec.project_url}) by "
            f"--checkout, and behind -- what comes behind `python` there, the script first: -- main.py data/obama ..."
        )


def _check_python(python: Path) -> None:
    ask = [str(python), "-S", "-c", "import sys; print('%d %d' % sys.version_info[:2])"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True).stdout.split()
        version = tuple(map(int, told))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InputError(f"{python} does not answer as a Python interpreter: {error}") from error
    if version < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        raise InputError(f"{python} is Python {'.'.join(told)}, the launcher needs {wanted} or newer: see --python")
