"""`pase-adapt run`: a renderer's own script, its audio network as wide as the features, PASE in its real-time path."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pase.errors import InputError
from pase_adapters.cli.renderers import open_registry

if TYPE_CHECKING:
    from pase_adapters.launch.start import Start
    from pase_adapters.launch.width import Width

_VARIABLE = "PASE_RENDERERS_PYTHON"

_EXAMPLES = """\
examples, in the renderer's folder:
  pase-adapt run --renderer er-nerf -- main.py data/obama --workspace trial_obama_pase -O --asr_model pase
  pase-adapt run --renderer er-nerf -- main.py data/obama --workspace trial_obama_pase -O --asr_model pase --test
  pase-adapt run --renderer metahuman-stream -- app.py --model ernerf --asr_model hubert -l 10 -m 8 -r 10 ...
  pase-adapt run --renderer rad-nerf --width 256 --python ~/envs/radnerf/bin/python -- main.py data/obama ...

Train, resume and test by the same launcher: a trained renderer keeps the width of its features.
"""


def run(arguments: Sequence[str]) -> int:
    """Check the command and become the renderer's process; return only by an error."""
    given = list(arguments)
    border = given.index("--") if "--" in given else len(given)
    options = _parser().parse_args(given[:border])
    words = tuple(given[border + 1 :])
    if not words:
        raise InputError(
            "expected -- and behind it the renderer's command without `python`: pase-adapt run --renderer "
            f"{options.renderer} -- main.py data/obama ..."
        )
    spec = open_registry().get(options.renderer)
    from pase_adapters.launch.start import Start, find_python  # NumPy: not for --help or a mistyped renderer
    from pase_adapters.launch.width import launched_slot

    slot = spec.slot(options.slot) if options.slot else launched_slot(spec)
    python = find_python(options.python)
    start = Start(spec, slot, options.checkout.absolute(), python, words, options.checkpoint)
    start.execute(_width(options, start) if slot.launched and not start.asks_for_help else None)


def _width(options: argparse.Namespace, start: "Start") -> "Width":
    from pase_adapters.launch.width import Width, read_width, subject_width

    if options.width is not None:
        return Width(options.width, "--width")
    if options.features is not None:
        return read_width(options.features.absolute(), start.slot.layout)
    return subject_width(start.spec, start.checkout, start.words[1:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pase-adapt run",
        usage="%(prog)s [-h] --renderer NAME [--checkout DIR] [--python INTERPRETER] "
        "[--slot NAME] [--checkpoint DIR] [--width N | --features FILE.npy] -- SCRIPT [ARGUMENT ...]",
        description="Run a renderer's own script, training, test or server: its audio network as wide as the PASE "
        "features (slot any), and PASE in the place of its own speech model where it hears sound in real time. Nothing "
        "of the renderer is changed on disk.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--renderer", metavar="NAME", required=True, help="the renderer, as pase-adapt --list names it")
    parser.add_argument(
        "--checkout", metavar="DIR", type=Path, default=Path(), help="the renderer's folder, where its script runs (.)"
    )
    parser.add_argument(
        "--python",
        metavar="INTERPRETER",
        default=os.environ.get(_VARIABLE) or sys.executable,
        help=f"the Python of the renderer's environment (default: {_VARIABLE}, else this one)",
    )
    parser.add_argument("--slot", metavar="NAME", help="which of the renderer's inputs (default: any, if it has it)")
    parser.add_argument(
        "--checkpoint", metavar="DIR", type=Path, help="PASE checkpoint for real time (default: the one in the package)"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--width", metavar="N", type=int, help="features of a short frame, whatever a file says")
    source.add_argument(
        "--features", metavar="FILE.npy", type=Path, help="the features (default: those in the subject's folder)"
    )
    return parser
