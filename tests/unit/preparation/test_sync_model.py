"""Scores of moments by a trained checkpoint."""

from pathlib import Path

import numpy as np
import torch

from pase.models.checkpoint import save_checkpoint
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel
from pase.preparation.av_offset import REACH, curve_of
from pase.preparation.sync_model import model_scores


def test_scores_of_long_and_short_clips_can_be_put_together(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_checkpoint(
        tmp_path / "model", PaseModel(ModelConfig(dim=16, audio=AudioConfig(hidden=16, layers=1, stride=1))), {}
    )
    rng = np.random.default_rng(0)
    scores = []
    for frames in (50, 3 * REACH - 1, 50):
        lips = rng.integers(0, 255, (frames, 96, 96, 3), dtype=np.uint8)
        sound = (0.1 * rng.standard_normal(frames * 640)).astype(np.float32)
        scores.append(model_scores(lips, sound, tmp_path / "model"))
    assert len(scores[0]) == len(scores[2]) > 0
    assert len(scores[1]) == 0
    assert curve_of(np.concatenate(scores)) is not None
