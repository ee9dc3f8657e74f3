"""Nothing in the sources runs code that came as data: no eval, no shell, no pickle of others, no unsafe loader."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"

NEVER = {
    "eval": "runs text",
    "exec": "runs text",
    "compile": "makes code of text",
    "__import__": "imports by name unseen",
    "os.system": "starts a shell",
    "os.popen": "starts a shell",
    "subprocess.getoutput": "starts a shell",
    "subprocess.getstatusoutput": "starts a shell",
    "asyncio.create_subprocess_shell": "starts a shell",
    "asyncio.subprocess.create_subprocess_shell": "starts a shell",
    "shutil.unpack_archive": "writes where an archive says",
    "shelve.open": "unpickles",
    "joblib.load": "unpickles",
    "torch.hub.load": "runs code that it downloads",
    "torch.hub.load_state_dict_from_url": "unpickles",
    "torch.jit.load": "runs what a file holds",
    "torch.package.PackageImporter": "runs what a file holds",
    "runpy.run_path": "runs a file",
    "runpy.run_module": "runs a module",
    "code.interact": "runs text",
    **{
        f"{kind}.{name}": "unpickles"
        for kind in ("pickle", "marshal", "dill", "cloudpickle")
        for name in ("load", "loads")
    },
    "pickle.Unpickler": "unpickles",
    **{
        f"yaml.{name}": "is not yaml.safe_load"
        for name in ("load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all")
    },
}

NEEDED = {"torch.load": ("weights_only", True), "numpy.load": ("allow_pickle", False)}

ALLOWED = {
    ("pase/execution/calls.py", "pickle.loads"): "what a process and its own workers tell each other",
    ("pase/execution/node.py", "pickle.loads"): "the same between machines, once the parent has proved itself",
    ("pase/phonemes/aligners/mfa/models.py", "archive.extractall"): "zipfile itself keeps within the folder",
    ("pase_adapters/renderer_side/run.py", "runpy.run_path"): "the renderer that the user starts",
}


def offences(text: str) -> Iterator[tuple[str, int, str]]:
    """Each call that runs what it is given, or could: name, line, why."""
    tree = ast.parse(text)
    names = dict(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "yaml":
            unsafe = [alias.name for alias in node.names if "Loader" in alias.name and alias.name != "SafeLoader"]
            yield from (("yaml", node.lineno, f"imports {name}") for name in unsafe)
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func, names)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if called in NEVER:
            yield called, node.lineno, NEVER[called]
        if called in NEEDED:
            name, wanted = NEEDED[called]
            value = given.get(name)
            if not (isinstance(value, ast.Constant) and value.value is wanted):
                yield called, node.lineno, f"lacks {name}={wanted}"
        shell = given.get("shell")
        if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
            yield called, node.lineno, "starts a shell"
        if called.endswith(".extractall"):
            yield called, node.lineno, "writes where an archive says"


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names in a module to what they were imported from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """What is called, by its full name as far as the imports tell."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value, names)}.{node.attr}"
    return "?"


def found() -> list[tuple[str, str, int, str]]:
    return [
        (path.relative_to(SOURCES).as_posix(), *offence)
        for path in sorted(SOURCES.rglob("*.py"))
        for offence in offences(path.read_text(encoding="utf-8"))
    ]


def test_no_source_runs_what_it_reads() -> None:
    assert not [offence for offence in found() if offence[:2] not in ALLOWED]


def test_every_exception_is_still_one() -> None:
    assert ALLOWED.keys() == {offence[:2] for offence in found()} & ALLOWED.keys()


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)",
        "exec(x)",
        "compile(x, '', 'exec')",
        "import os\nos.system(x)",
        "from os import system as run\nrun(x)",
        "import subprocess\nsubprocess.run(x, shell=True)",
        "import subprocess as s\ns.Popen(x, shell=flag)",
        "import pickle\npickle.load(x)",
        "from pickle import loads\nloads(x)",
        "import pickle\npickle.Unpickler(x).load()",
        "import torch\ntorch.load(x)",
        "import torch\ntorch.load(x, weights_only=False)",
        "import torch\ntorch.load(x, weights_only=flag)",
        "from torch import load\nload(x)",
        "import numpy as np\nnp.load(x)",
        "import numpy as np\nnp.load(x, allow_pickle=True)",
        "import yaml\nyaml.load(x, yaml.Loader)",
        "import yaml\nyaml.unsafe_load(x)",
        "from yaml import UnsafeLoader",
        "import tarfile\ntarfile.open(x).extractall(y)",
        "import torch.hub\ntorch.hub.load(x, y)",
        "import runpy\nrunpy.run_path(x)",
    ],
)
def test_what_counts(text: str) -> None:
    assert list(offences(text))


@pytest.mark.parametrize(
    "text",
    [
        "model.eval()",
        "import re\nre.compile(x)",
        "import torch\ntorch.load(x, weights_only=True)",
        "import numpy as np\nnp.load(x, allow_pickle=False)",
        "import yaml\nyaml.safe_load(x)",
        "import json\njson.loads(x)",
        "import pickle\npickle.dumps(x)",
        "import subprocess\nsubprocess.run([x], shell=False)",
        "from pase.files import load\nload(x)",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not list(offences(text))
