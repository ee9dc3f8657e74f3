"""Settings of `pase fit` that train in a second."""

from pathlib import Path
from typing import Any

import yaml

NET: dict[str, Any] = {
    "dim": 16,
    "audio": {"hidden": 16, "layers": 1, "delay": 3},
    "visual": {"crop_size": 48, "width": 0.1, "stem_stride": 2, "collapse": "mean"},
    "alignment": {"heads": 2},
    "reconstruction": {"layers": 1, "heads": 2},
}

DATA: dict[str, Any] = {"batch_size": 4, "window": {"frames": 10, "context": 4, "tail": 2}, "validation_frames": 48}


def settings(corpus: Path, steps: int) -> dict[str, Any]:
    """So many steps on a corpus, validated half-way and at the end."""
    return {
        "trainer": {
            "accelerator": "cpu",
            "max_steps": steps,
            "val_check_interval": steps // 2,
            "check_val_every_n_epoch": None,
        },
        "model": {"net": NET, "optimizer": {"lr": 0.001, "warmup": 2, "steps": steps}},
        "data": {**DATA, "corpora": [str(corpus)]},
    }


def config_file(folder: Path, corpus: Path, steps: int) -> Path:
    """`settings` as a file."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(settings(corpus, steps)))
    return path
