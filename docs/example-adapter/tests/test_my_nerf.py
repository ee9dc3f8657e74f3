"""What My NeRF does with the file, rebuilt from facts, on features that tell where they belong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from my_nerf_adapter import SPEC

from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin
from pase_adapters.spec import RowLayout

FRAMES = 20
LAYOUT = SPEC.slots[0].layout


def written(folder: Path, layout: RowLayout) -> np.ndarray:
    """A file of features of which the first is the moment in short frames, as `pase-adapt` writes it."""
    moments = np.arange(FRAMES * 5 + 1) / 125 * 50
    states = np.stack([moments, np.ones_like(moments)], axis=1).astype(np.float32)
    track = FeatureTrack(states, 125, FRAMES / 25)
    origin = Origin(SPEC.name, "speech", "model", "0" * 64, 25, gated=False)
    path = folder / SPEC.slots[0].training_file
    FeatureFile(layout, track, FRAMES, origin).write(path)
    return np.load(path, allow_pickle=False)


def check(rows: np.ndarray) -> None:
    """Row i, column c is the middle of the short frame 2 i - 8 + c; zeros before and after the recording."""
    assert rows.shape == (FRAMES, 16, 64)
    scale = np.sqrt(64 / 2)
    for row in range(FRAMES):
        frames = 2 * row - 8 + np.arange(16)
        inside = (frames >= 0) & (frames < 2 * FRAMES)
        np.testing.assert_allclose(rows[row, :, 0], scale * (frames + 0.5) * inside, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(rows[row, :, 1], scale * inside, rtol=1e-6)
    assert not rows[:, :, 2:].any()


def test_every_cell(tmp_path: Path) -> None:
    check(written(tmp_path, LAYOUT))


@pytest.mark.parametrize("change", [{"first_column": -7}, {"columns": 15}, {"width": 32}, {"columns_per_second": 100}])
def test_a_wrong_layout_is_caught(tmp_path: Path, change: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        check(written(tmp_path, replace(LAYOUT, **change)))
