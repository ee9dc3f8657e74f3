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
from pase.preparation.av_offset import REACH, ShiftCurve, curve_of

_INDEPENDENT = 4  # frames; nearer ones see much of the same


def model_curve(lips: NDArray[np.uint8], waveform: Waveform, checkpoint: Path) -> ShiftCurve | None:
    """Similarity of sound and picture for every shift.

    Args:
        lips: RGB, shape ``(T, 96, 96, 3)``.
        waveform: 16 kHz mono, shape ``(T * 640,)``.
        checkpoint: Folder of the checkpoint.

    Returns:
        None for a clip too short to be shifted.

    Raises:
        InputError: The folder is no checkpoint.
    """
    if len(lips) < 3 * REACH:
        return None
    model = _model(checkpoint)
    with torch.inference_mode():
        heard = at_frames(model.audio(torch.from_numpy(waveform)[None]).states, 0, len(lips))[0]
        seen = encode_lips(model, torch.from_numpy(lips))
        similarity = model.sync_similarity(heard, seen, range(-REACH, REACH + 1)).double().numpy()
    return curve_of(similarity[np.isfinite(similarity).all(axis=1)][::_INDEPENDENT])


@cache
def _model(checkpoint: Path) -> PaseModel:
    return load_checkpoint(checkpoint)[0].eval()
