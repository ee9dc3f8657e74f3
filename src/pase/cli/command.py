"""How commands join the parser."""

import argparse
from collections.abc import Callable

Run = Callable[[argparse.Namespace], int | None]
"""Runs a command; gives its exit status, None being 0."""

AddCommand = Callable[[str, Run, str], argparse.ArgumentParser]
"""From a command's name, what runs it and a line of help to its own parser."""
