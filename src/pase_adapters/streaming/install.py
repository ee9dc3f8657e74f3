"""Loads `renderer_side` by its path, since a renderer's Python has no PASE; run as a file, in Python 3.7 or newer."""

from __future__ import annotations

import importlib.util
import os
import sys

_NAME = "pase_renderer_side"


def install(job: str) -> None:
    """Put PASE in the place of the renderer's speech model; see `install` of `renderer_side`.

    Args:
        job: What `StreamHook.job` gave.
    """
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "renderer_side")  # noqa: PTH100, PTH118, PTH120
    file = os.path.join(folder, "__init__.py")  # noqa: PTH118
    spec = importlib.util.spec_from_file_location(_NAME, file, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"PASE is not whole: {file} is missing")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    package.install(job)
