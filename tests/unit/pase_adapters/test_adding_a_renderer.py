"""The example package of docs/adding-a-renderer.md can be installed, is found, and passes its own test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLE = DOCS / "example-adapter"


def test_the_page_shows_the_package() -> None:
    (shown,) = re.findall(
        r"```python\n(.*?)```", (DOCS / "adding-a-renderer.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert shown == (EXAMPLE / "src" / "my_nerf_adapter.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment with the example installed beside PASE."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(target), str(EXAMPLE)], check=True, capture_output=True, timeout=120)
    return {**os.environ, "PYTHONPATH": str(target)}


def test_it_is_found_by_its_entry_point(installed: dict[str, str]) -> None:
    command = [sys.executable, "-c", "from pase_adapters.cli.main import main; main(['--list'])"]
    listed = subprocess.run(command, env=installed, check=True, capture_output=True, text=True, timeout=60).stdout
    assert "my-nerf\n  My NeRF" in listed
    assert "er-nerf" in listed


def test_its_own_test_passes(installed: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    done = subprocess.run(
        command, env=installed, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
