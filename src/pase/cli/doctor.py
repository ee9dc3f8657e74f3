"""The command that looks whether this machine can do what PASE does."""

import argparse
from pathlib import Path

from pase.cli.command import AddCommand


def add_commands(command: AddCommand) -> None:
    """Add it to the parser."""
    _add_doctor(command("doctor", _doctor, "can this machine and environment do all of this? what is missing, and why"))


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="leave out the self-test, which takes half a minute")
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="where corpora and runs are to be written (default: this folder)"
    )
    parser.add_argument(
        "--json", action="store_true", help="a list of {name, status, found, advice} instead of lines for people"
    )


def _doctor(options: argparse.Namespace) -> int:
    from pase.doctor.check import Result, exit_status
    from pase.doctor.examine import checks_of, examine
    from pase.doctor.text import json_of, line_of, summary_of

    def say(result: Result) -> None:
        if not options.json:
            print(line_of(result), flush=True)

    results = examine(checks_of(options.folder, options.quick), say)
    print(json_of(results) if options.json else summary_of(results))
    return exit_status(results)
