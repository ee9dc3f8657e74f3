"""Rooms: synthetic impulse responses, and what a voice sounds like in them."""

import math

import torch
from torch import Generator, Tensor

from pase.audio.level import speech_power
from pase.audio.waveform import SAMPLE_RATE
from pase.draws import normal, uniform

_REFLECTIONS = 10
_FIRST, _EARLY = 0.002, 0.05
"""Seconds after the direct sound between which the early reflections lie; the diffuse tail begins at the first."""


def room_responses(rt60: Tensor, direct_db: Tensor, generator: Generator | None) -> Tensor:
    """Impulse responses: the direct sound at delay 0, ten early reflections, and a tail of decaying noise.

    Args:
        rt60: Time in seconds in which the tail falls by 60 dB, shape ``(B,)``.
        direct_db: Energy of the direct sound over that of all the rest, shape ``(B,)``.
        generator: Draws reflections and tail.

    Returns:
        Shape ``(B, R)``, as long as the longest `rt60`; sample 0 is the direct sound, 1.
    """
    clips, on = len(rt60), rt60.device
    samples = max(2, math.ceil(float(rt60.max()) * SAMPLE_RATE))
    time = torch.arange(samples, device=on) / SAMPLE_RATE
    tail = normal(generator, on, clips, samples) * (time >= _FIRST)
    delay = uniform(generator, on, clips, _REFLECTIONS, low=_FIRST, high=_EARLY)
    strength = normal(generator, on, clips, _REFLECTIONS) * 4  # some 12 dB over the tail around them
    place = (delay * SAMPLE_RATE).long().clamp(max=samples - 1)
    decay = torch.exp(-math.log(1e3) * time / rt60[:, None])
    late = tail.scatter_add(1, place, strength) * decay
    energy = late.square().sum(-1, keepdim=True).clamp_min(1e-12)
    response = late * (10 ** (-direct_db[:, None] / 10) / energy).sqrt()
    response[:, 0] = 1.0
    return response


def reverberate(waveform: Tensor, responses: Tensor) -> Tensor:
    """Convolve, keep the length, and keep the level of the speech.

    The direct sound stays where it was, so that lips and sound remain together.

    Args:
        waveform: Shape ``(B, S)``.
        responses: Shape ``(B, R)``.
    """
    samples = waveform.shape[-1]
    length = samples + responses.shape[-1] - 1
    length += -length % 4096  # a length that is quick to transform
    spectrum = torch.fft.rfft(waveform, length) * torch.fft.rfft(responses, length)
    heard: Tensor = torch.fft.irfft(spectrum, length)[:, :samples]
    change = speech_power(waveform) / speech_power(heard).clamp_min(torch.finfo(heard.dtype).tiny)
    return heard * change.sqrt()[:, None]
