"""How loud the speech of a clip is, silence around it left out."""

import torch
import torch.nn.functional as F
from torch import Tensor

_FRAME = 320
"""Samples, 20 ms: about the shortest piece of speech with a level of its own."""

_ACTIVE_DB = 30.0
"""Frames that are quieter than the loudest one by more than this are pauses."""


def speech_power(waveform: Tensor) -> Tensor:
    """Mean power of the speech-active part.

    Active are those frames of 20 ms that lie within 30 dB of the clip's loudest one. No fixed threshold and no mean
    over the clip is involved, so neither gain nor silence before and after the speech changes which frames count.

    Args:
        waveform: Shape ``(B, S)``.

    Returns:
        Shape ``(B,)``; 0 for digital silence.
    """
    samples = waveform.shape[-1]
    if samples == 0:
        return waveform.new_zeros(len(waveform))
    frame = min(_FRAME, samples)
    frames = F.pad(waveform, (0, -samples % frame)).view(len(waveform), -1, frame)
    power = frames.square().mean(-1)
    active = power > power.amax(-1, keepdim=True) * 10 ** (-_ACTIVE_DB / 10)
    mean: Tensor = (power * active).sum(-1) / active.sum(-1).clamp_min(1)
    return mean


def to_full_scale(waveform: Tensor) -> Tensor:
    """Turn down what exceeds ±1, each clip as a whole; the rest stays as it is. Shape ``(B, S)``."""
    if waveform.shape[-1] == 0:
        return waveform
    return waveform / torch.clamp_min(waveform.abs().amax(-1, keepdim=True), 1.0)
