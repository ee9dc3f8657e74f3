"""A study of two rows on the tiny corpus."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.tiny_run import settings


@pytest.fixture
def study_content(tmp_path: Path, tiny_corpus: Path) -> dict[str, Any]:
    """What `study_file` holds, to be changed."""
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump(settings(tiny_corpus, steps=4)))
    return {
        "base": [str(config)],
        "common": {"model.alpha": 0.2},
        "rows": {"base": {}, "no_reconstruction": {"model.net.reconstruction": None}},
        "evaluation": {"corpus": str(tiny_corpus)},
    }


@pytest.fixture
def study_file(tmp_path: Path, study_content: dict[str, Any]) -> Path:
    path = tmp_path / "small_study.yaml"
    path.write_text(yaml.safe_dump(study_content, sort_keys=False))
    return path
