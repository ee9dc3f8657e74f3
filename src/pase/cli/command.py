"""How commands join the parser."""

import argparse
from collections.abc import Callable

Run = Callable[[argparse.Namespace], None]

AddCommand = Callable[[str, Run, str], argparse.ArgumentParser]
"""From a command's name, what runs it and a line of help to its own parser."""
