"""The half of the launcher that runs in PASE's Python: checks everything, then becomes the renderer's process."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pase.errors import InputError
from pase_adapters.launch.width import Width
from pase_adapters.renderer_side import run
from pase_adapters.renderer_side.orders import Orders, Widening
from pase_adapters.spec import RendererSpec, Slot

_OLDEST = (3, 7)
"""Python that `renderer_side` is written for: the oldest that a renderer of docs/renderer-facts.md asks for."""


@dataclass(frozen=True, slots=True)
class Start:
    """A renderer's script to be run with another width or with PASE in its real-time path, everything checked.

    Attributes:
        spec: The renderer.
        slot: Which of its inputs it reads.
        checkout: Its folder, where the script is run.
        python: Path of the interpreter to run it by.
        words: The script and its arguments, as behind ``python`` in the checkout.
        checkpoint: Folder of the PASE checkpoint for a real-time path; None: the one in the package.
    """

    spec: RendererSpec
    slot: Slot
    checkout: Path
    python: Path
    words: tuple[str, ...]
    checkpoint: Path | None = None

    def __post_init__(self) -> None:
        if not self.slot.launched and self.spec.stream is None:
            raise InputError(
                f"{self.spec.name} needs no launcher for its slot {self.slot.name}: features are made to fit. Run its "
                f"own command without pase-adapt, or take the slot any, if `pase-adapt --list` shows one."
            )
        _check_checkout(self)
        _check_python(self.python)

    @property
    def module_file(self) -> str:
        """The file in the checkout by which the renderer is known."""
        if self.slot.launched and self.spec.launch is not None:
            return self.spec.launch.file
        return self.spec.stream.file if self.spec.stream is not None else self.words[0]

    @property
    def asks_for_help(self) -> bool:
        """Whether the script will only print its options."""
        return not {"-h", "--help"}.isdisjoint(self.words)

    def command(self, width: Width | None) -> list[str]:
        """The command to run in the checkout.

        Args:
            width: Of the audio network; None leaves it as it is.
        """
        if self.asks_for_help:
            return [str(self.python), *self.words]
        return [str(self.python), run.__file__, self._orders(width).to_json(), *self.words]

    def _orders(self, width: Width | None) -> Orders:
        launch, stream = self.spec.launch, self.spec.stream
        hearing = None if stream is None else stream.orders(self.checkpoint, self.slot.layout.width)
        if width is None or launch is None:
            return Orders(hearing=hearing)
        widening = Widening(
            self.spec.name,
            launch.module,
            launch.cls,
            launch.width_argument,
            launch.first_layer,
            width.features,
            width.source,
        )
        return Orders(widening, hearing)

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


def _check_checkout(start: Start) -> None:
    checkout, file, words = start.checkout, start.module_file, start.words
    script = checkout / words[0]
    # Python imports from the script's folder first, which need not be the checkout's.
    known = any((folder / file).is_file() for folder in (script.parent, checkout))
    missing = [name for name, found in ((file, known), (words[0], script.is_file())) if not found]
    if missing:
        raise InputError(
            f"{checkout} has no {' and no '.join(missing)}. Expected a checkout of {start.spec.name} "
            f"({start.spec.project_url}) by --checkout, and behind -- what comes behind `python` there, the script "
            f"first: -- main.py data/obama ..."
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
