"""Runs a renderer's script with what the launcher changes in it: ``python run.py ORDERS SCRIPT ARGUMENT...``.

Modules are changed when the renderer itself imports them, and not before: what the script sets up first (devices,
seeds, paths) stays as it would be without the launcher.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import os
import runpy
import sys

_PACKAGE = "pase_renderer_side"


def prepare(orders: str) -> None:
    """Have everything changed that the orders name, as soon as the renderer imports it.

    Args:
        orders: Text of `Orders.to_json`.
    """
    _load_package()
    given = importlib.import_module(f"{_PACKAGE}.orders").Orders.from_json(orders)
    changer = importlib.import_module(f"{_PACKAGE}.imports").Changer()
    if given.hearing:
        importlib.import_module(f"{_PACKAGE}.hearing").hear(given.hearing, changer)
    if given.widening:
        widener = importlib.import_module(f"{_PACKAGE}.widening").Widener(given.widening)
        changer.add(given.widening.module, widener.widen)
        atexit.register(widener.finish)  # behind the traceback, if there is one
    changer.install()


def _load_package() -> None:
    # By its path and under a name of its own: nothing that the renderer imports must find PASE's files, nor they its.
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    file = os.path.join(folder, "__init__.py")  # noqa: PTH118
    spec = importlib.util.spec_from_file_location(_PACKAGE, file, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"PASE is not whole: {file} is missing")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)


def main() -> None:
    """Run the script as ``python SCRIPT ARGUMENT...`` would, with what the orders change."""
    orders = sys.argv[1]
    del sys.argv[:2]
    if not getattr(sys.flags, "safe_path", False):  # under which Python leaves out the script's folder
        sys.path[0] = os.path.dirname(os.path.realpath(sys.argv[0]))  # noqa: PTH120
    prepare(orders)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
