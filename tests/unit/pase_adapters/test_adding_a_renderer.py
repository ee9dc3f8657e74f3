"""The example of docs/adding-a-renderer.md, taken from the page, works as a plug-in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pase_adapters.adapt import Job, adapt
from pase_adapters.registry import VARIABLE, load_registry

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-renderer.md"


def test_the_example_is_a_working_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_wav: Callable[..., Path], encoder: Any
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "my_nerf.py").write_text(example, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(VARIABLE, "my_nerf:SPEC")
    found = load_registry()
    assert found.skipped == ()
    job = Job(found.get("my-nerf"), make_wav(1.0), Path("checkpoint"), tmp_path / "out")
    result = adapt(job, lambda _: encoder)
    assert np.load(result.features).shape == (25, 16, 64)
    assert result.commands[1].line == "python train.py data/ID --out trial_ID_pase --features speech"
