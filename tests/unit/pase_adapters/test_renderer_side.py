"""The code that runs in a renderer's own Python: what it may use, and when it changes what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pase_adapters.renderer_side import run
from pase_adapters.renderer_side.imports import Changer
from pase_adapters.renderer_side.orders import Hearing, Orders, Widening

FILES = sorted(Path(run.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_runs_on_the_oldest_python_without_pase(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if not node.level}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    # What the oldest has of the standard library, and what every renderer has.
    known = {"__future__", "atexit", "collections", "contextlib", "dataclasses", "functools", "importlib", "inspect"}
    known |= {"itertools", "json", "os", "runpy", "struct", "subprocess", "sys", "threading", "types", "typing"}
    assert {name.split(".")[0] for name in imported} <= known | {"weakref", "numpy", "torch"}


def test_newer_syntax_would_be_found() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1): pass", feature_version=(3, 7))


@pytest.mark.parametrize(
    "orders",
    [
        Orders(),
        Orders(Widening("er-nerf", "a.b", "AudioNet", "dim_in", "", 48, "--width")),
        Orders(hearing=Hearing("ring", "a.b:ASR", ("a.b:Model",), ("python", "-m", "worker"))),
    ],
)
def test_orders_survive_the_command_line(orders: Orders) -> None:
    assert Orders.from_json(orders.to_json()) == orders


def test_other_modules_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_launch").mkdir()
    for name in ("__init__", "network", "neighbour"):
        (tmp_path / "made_up_launch" / f"{name}.py").write_text("width = 29\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    changer = Changer()
    changer.add("made_up_launch.network", lambda module: setattr(module, "width", 48))
    changer.add("made_up_launch.network", lambda module: setattr(module, "width", module.width + 1))
    changer.install()
    import made_up_launch.neighbour  # type: ignore[import-not-found]
    import made_up_launch.network

    assert made_up_launch.width == 29
    assert made_up_launch.neighbour.width == 29
    assert made_up_launch.network.width == 49


def test_module_that_is_there_already_is_changed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    there = type(sys)("made_up_early")
    monkeypatch.setitem(sys.modules, "made_up_early", there)
    changer = Changer()
    changer.add("made_up_early", lambda module: setattr(module, "width", 48))
    changer.install()
    assert there.width == 48


def test_a_width_alone_needs_no_numpy_and_no_pase(tmp_path: Path) -> None:
    """The script sees itself as Python would start it, and none of PASE's files among its own."""
    (tmp_path / "script.py").write_text(
        "import sys\n"
        "print(sys.argv, __name__, sys.path[0] == sys.argv[1])\n"
        "print(sorted({'numpy', 'pase', 'pase_adapters', 'orders', 'imports'} & sys.modules.keys()))\n"
    )
    orders = Orders(Widening("er-nerf", "a.b", "AudioNet", "dim_in", "", 48, "--width")).to_json()
    words = [sys.executable, "-E", "-S", run.__file__, orders, "script.py", str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"['script.py', {str(tmp_path)!r}] __main__ True", "[]"]
    assert "never built AudioNet of a.b" in done.stderr
