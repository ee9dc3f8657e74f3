"""The A/V offset by a trained PASE checkpoint. Imported only where one is given, for it needs torch."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pase.audio.waveform import Waveform
from pase.evaluation.clip_features import encode_lips
from pase.models.audio_encoder import at_frames
from pase.models.checkpoint import load_checkpoint
from pase.models.model import PaseModel
from pase.preparation.av_offset import REACH

_INDEPENDENT = 4  # frames; nearer ones see much of the same


def model_scores(lips: NDArray[np.uint8], waveform: Waveform, checkpoint: Path) -> NDArray[np.float64]:
    """Similarity of sound and picture for every shift, at moments that are far enough apart to be independent.

    Args:
        lips: RGB, shape ``(T, 96, 96, 3)``.
        waveform: 16 kHz mono, shape ``(T * 640,)``.
        checkpoint: Folder of the checkpoint.

    Returns:
        Shape ``(N, 2 * REACH + 1)``, without rows for a clip too short to be shifted.

    Raises:
        InputError: The folder is no checkpoint.
    """
    if len(lips) < 3 * REACH:
        return np.empty((0, 2 * REACH + 1))
    model = _model(checkpoint)
    with torch.inference_mode():
        heard = at_frames(model.audio(torch.from_numpy(waveform)[None]).states, 0, len(lips), model.audio.rate)[0]
        seen = encode_lips(model, torch.from_numpy(lips))
        similarity: NDArray[np.float64] = model.sync_similarity(heard, seen, range(-REACH, REACH + 1)).double().numpy()
    return similarity[np.isfinite(similarity).all(axis=1)][::_INDEPENDENT]


@cache
def _model(checkpoint: Path) -> PaseModel:
    return load_checkpoint(checkpoint)[0].eval()
