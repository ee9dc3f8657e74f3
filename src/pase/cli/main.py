"""The `pase` command: parsing and wiring only. What a subcommand needs is imported when it runs."""

import argparse
import sys
from collections.abc import Sequence

from pase import __version__
from pase.cli import corpora, doctor, evaluation, inference
from pase.cli.command import Run
from pase.errors import PaseError

_LIGHTNING = {
    "fit": "train an encoder: pase fit --config CONFIG.yaml (--print_config shows all settings)",
    "validate": "losses and sync accuracy of a Lightning checkpoint on the validation clips",
    "test": "the same on the test clips",
    "predict": "features of a corpus's clips by a Lightning checkpoint",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _LIGHTNING:
            from pase.training.cli import main as lightning_main

            lightning_main(given)
            return 0
        options = _parser(given).parse_args(given)
        run: Run = options.run
        return run(options) or 0
    except PaseError as error:
        print(f"pase: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pase: interrupted", file=sys.stderr)
        return 130


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pase", description="PASE: a speech encoder that gives talking heads better lips."
    )
    parser.add_argument("--version", action="version", version=f"pase {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    corpora.add_commands(command, given)
    for name, text in _LIGHTNING.items():
        commands.add_parser(name, help=text)  # `main` runs these before parsing comes here
    inference.add_commands(command)
    evaluation.add_commands(command)
    doctor.add_commands(command)
    return parser
