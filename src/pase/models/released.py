"""The checkpoint that comes with the package."""

from pathlib import Path

RELEASED = Path(__file__).parents[1] / "released" / "pase_base"
"""Folder of the checkpoint that is used where none is named; its README.md says what it was trained on."""
