"""A synthetic speaker as footage, with features that tell nearly all of its lips."""

from pathlib import Path

import numpy as np

from pase.corpus.synthetic.generate import synthesize
from pase.video.speaker import speaker_from_sidecar
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage, make_footage

SIZE = 32


def toy_footage(folder: Path, clips: int = 2) -> Footage:
    """Footage of a synthetic person."""
    synthesize(folder / "raw", clips=clips, speakers=1, seed=3, landmarks=True, workers=1)
    videos = sorted((folder / "raw").rglob("*.mp4"))
    return make_footage(videos, folder / "subject", SIZE, speaker_from_sidecar)


def lip_features(footage: Footage, folder: Path, width: int = 6) -> Features:
    """Rows of two columns, made of the lips' own shape: a renderer can learn from them what it is to draw."""
    shapes = footage.track.lip_points.reshape(len(footage), -1)
    shapes = shapes - shapes.mean(axis=0)
    _, _, axes = np.linalg.svd(shapes, full_matrices=False)
    told = shapes @ axes[:width].T
    rows = (told / told.std(axis=0)).astype(np.float32)
    path = folder / "aud.npy"
    np.save(path, np.repeat(rows[:, None], 2, axis=1))
    return Features.open(path)
