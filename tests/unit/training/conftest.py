"""A config that trains in a second."""

from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    """Six steps of a tiny model on the tiny corpus, validated every third."""
    settings = {
        "trainer": {
            "accelerator": "cpu",
            "max_steps": 6,
            "val_check_interval": 3,
            "check_val_every_n_epoch": None,
            "log_every_n_steps": 2,
        },
        "model": {
            "net": {
                "dim": 16,
                "audio": {"hidden": 16, "layers": 1, "delay": 3},
                "visual": {"crop_size": 48, "width": 0.1, "stem_stride": 2, "collapse": "mean"},
                "alignment": {"heads": 2},
                "reconstruction": {"layers": 1, "heads": 2},
            },
            "optimizer": {"lr": 0.001, "warmup": 2, "steps": 6},
        },
        "data": {
            "corpora": [str(tiny_corpus)],
            "batch_size": 4,
            "window": {"frames": 10, "context": 4, "tail": 2},
            "validation_frames": 48,
        },
    }
    path = tmp_path_factory.mktemp("config") / "small.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path
