"""What is handed to a renderer's own Python, and that it can read it."""

import ast
import json
import sys
from pathlib import Path

import pytest

from pase.errors import InputError
from pase_adapters.streaming import hook
from pase_adapters.streaming.hook import INSTALL, StreamHook

RENDERER_SIDE = sorted([INSTALL, *INSTALL.with_name("renderer_side").glob("*.py")])


def test_job_names_all_that_the_renderer_needs() -> None:
    job = json.loads(hook.RAD_NERF.job(Path("model"), 44))
    assert (job["kind"], job["asr"]) == ("ring", "nerf.asr:ASR")
    assert job["loaders"] == ["nerf.asr:AutoProcessor", "nerf.asr:AutoModelForCTC"]
    assert job["worker"][0] == sys.executable
    assert job["worker"][-4:] == ["--checkpoint", str(Path("model").resolve()), "--width", "44"]


def test_worker_is_shielded_from_the_renderers_modules() -> None:
    job = json.loads(hook.LIVETALKING.job(None, None, python="/opt/pase/python"))
    assert job["worker"] == ["/opt/pase/python", "-E", "-P", "-m", "pase_adapters.streaming.worker"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("flow", "a:B", ()),
        ("ring", "a.B", ()),
        ("ring", "a:B.c", ()),
        ("windows", "a:B", ("b",)),
        ("ring", "a:B; import os", ()),
    ],
)
def test_hook_that_names_nothing(wrong: tuple[str, str, tuple[str, ...]]) -> None:
    with pytest.raises(InputError, match="stream hook"):
        StreamHook(*wrong)


@pytest.mark.parametrize("path", RENDERER_SIDE, ids=lambda path: path.name)
def test_renderers_side_is_python_3_7_and_needs_no_pase(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if not node.level}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    known = {
        "__future__",
        "collections",
        "contextlib",
        "functools",
        "importlib",
        "itertools",
        "json",
        "os",
        "struct",
        "subprocess",
    }
    known |= {"sys", "threading", "types", "typing", "weakref", "numpy", "torch"}
    assert {name.split(".")[0] for name in imported} <= known
