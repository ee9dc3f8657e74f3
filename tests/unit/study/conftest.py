"""A study of two rows on the tiny corpus."""

from pathlib import Path
from typing import Any

import pytest
import yaml

SETTINGS: dict[str, Any] = {
    "trainer": {"accelerator": "cpu", "max_steps": 4, "val_check_interval": 2, "check_val_every_n_epoch": None},
    "model": {
        "net": {
            "dim": 16,
            "audio": {"hidden": 16, "layers": 1, "delay": 3},
            "visual": {"crop_size": 48, "width": 0.1, "stem_stride": 2, "collapse": "mean"},
            "alignment": {"heads": 2},
            "reconstruction": {"layers": 1, "heads": 2},
        },
        "optimizer": {"lr": 0.001, "warmup": 2, "steps": 4},
    },
    "data": {"batch_size": 4, "window": {"frames": 10, "context": 4, "tail": 2}, "validation_frames": 48},
}


@pytest.fixture
def study_content(tmp_path: Path, tiny_corpus: Path) -> dict[str, Any]:
    """What `study_file` holds, to be changed."""
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump({**SETTINGS, "data": {**SETTINGS["data"], "corpora": [str(tiny_corpus)]}}))
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
