"""A config that trains in a second."""

from pathlib import Path

import pytest
import yaml
from tests.tiny_run import settings


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    """Six steps of a tiny model on the tiny corpus, validated every third."""
    small = settings(tiny_corpus, steps=6)
    small["trainer"]["log_every_n_steps"] = 2
    path = tmp_path_factory.mktemp("config") / "small.yaml"
    path.write_text(yaml.safe_dump(small))
    return path
