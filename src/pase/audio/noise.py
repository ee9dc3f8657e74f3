"""Additive noise: makers of the usual kinds, and mixing at a signal-to-noise ratio.

Every maker returns noise of shape ``(B, S)`` at 16 kHz, drawn from the generator alone. Its level means nothing:
`add_noise` sets it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import torch
from torch import Generator, Tensor

from pase.audio.level import speech_power
from pase.audio.waveform import SAMPLE_RATE
from pase.draws import normal, uniform
from pase.errors import InputError

NoiseKind = Literal["white", "coloured", "babble", "music", "hum"]
NOISE_KINDS: tuple[NoiseKind, ...] = get_args(NoiseKind)

_TABLE = 2048
"""Steps of one period in a wave table; a power of two, so that a mask finds the place in it."""

_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
"""Semitones of a major scale over its root."""

_VOICES = 3


def add_noise(waveform: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Mix noise under speech.

    The ratio is the mean power of the clip's speech-active part (`speech_power`) over the mean power of the noise in
    the whole clip. Digital silence has no such ratio: of speech it stays silent, as noise it adds nothing.

    Args:
        waveform: Shape ``(B, S)``.
        noise: Shape ``(B, S)``.
        snr_db: Signal-to-noise ratio of each clip, shape ``(B,)``.
    """
    power = noise.square().mean(-1).clamp_min(torch.finfo(noise.dtype).tiny)
    factor = (speech_power(waveform) / power).sqrt() * 10 ** (-snr_db / 20)
    return waveform + torch.where(noise == 0, 0.0, factor[:, None] * noise)


def white_noise(clips: int, samples: int, generator: Generator | None, on: torch.device) -> Tensor:
    """Gaussian noise, all frequencies alike."""
    return normal(generator, on, clips, samples)


def coloured_noise(clips: int, samples: int, generator: Generator | None, on: torch.device) -> Tensor:
    """Gaussian noise that falls by 0 to 6 dB per octave over 200 Hz, drawn for each clip: fans, traffic, wind."""
    length = samples + -samples % 4096  # a length that is quick to transform
    spectrum = torch.view_as_complex(normal(generator, on, clips, length // 2 + 1, 2))
    slope = uniform(generator, on, clips, 1)
    octave = torch.arange(length // 2 + 1, device=on).clamp_min(max(1, length * 200 // SAMPLE_RATE)).log2()
    noise: Tensor = torch.fft.irfft(spectrum * torch.exp2(-slope * octave), length)
    return noise[:, :samples]


def babble(pool: Tensor, own: Tensor, generator: Generator | None, speakers: tuple[int, int] = (3, 6)) -> Tensor:
    """Several people at once, at equal levels: other clips, each begun at a random place and repeated.

    Whoever hears the same person hears the same moment, so that a batch's babble is one product of matrices.

    Args:
        pool: Clips to take speech from, shape ``(P, S)``.
        own: For each clip that needs noise, the row of `pool` that it is itself and must not be heard, or -1 where it
            is not among them; shape ``(B,)``.
        generator: Draws who is heard, and when.
        speakers: Fewest and most; fewer where the pool has not so many.

    Raises:
        InputError: The pool holds nobody else.
    """
    on, (people, samples) = pool.device, pool.shape
    available = people - int((own >= 0).any())
    if available < 1:
        raise InputError(f"babble needs speech of others, and there are {people} clips in all; give more clips")
    most = min(speakers[1], available)
    score = uniform(generator, on, len(own), people)
    score = torch.where(torch.arange(people, device=on) == own[:, None], -1.0, score)
    who = score.topk(most, dim=-1).indices
    count = uniform(generator, on, len(own), 1, low=speakers[0], high=speakers[1] + 1).floor()
    heard = (torch.arange(most, device=on) < count).float()
    levels = speech_power(pool).rsqrt().nan_to_num(posinf=0.0)
    begin = (uniform(generator, on, people, 1) * samples).long()
    place = (torch.arange(samples, device=on) + begin) % max(samples, 1)
    return torch.zeros_like(score).scatter(1, who, heard) * levels @ pool.gather(1, place)


def music(clips: int, samples: int, generator: Generator | None, on: torch.device) -> Tensor:
    """Three voices of plucked notes on a major scale, root, speed, timbre and decay drawn for each clip."""
    length = uniform(generator, on, clips, _VOICES, 1, low=0.15, high=0.6)  # of a note, seconds
    time = torch.arange(samples, device=on) / SAMPLE_RATE
    number = (time / length).long()  # of the note that sounds, (clips, voices, samples)
    notes = int(samples / SAMPLE_RATE / 0.15) + 1
    degree = (uniform(generator, on, clips, _VOICES, notes) * len(_SCALE)).long()
    root = uniform(generator, on, clips, 1, 1, low=math.log2(80), high=math.log2(440))
    pitch = torch.exp2(root + torch.tensor(_SCALE, device=on)[degree] / 12)
    since = time - number * length
    decay = uniform(generator, on, clips, 1, 1, low=0.1, high=0.8)
    loudness = torch.exp(-since / decay) * (since / 0.005).clamp(max=1)  # 5 ms of attack: no clicks
    return (_play(_timbre(clips, 8, generator, on), pitch.gather(2, number) * since) * loudness).sum(1)


def hum(clips: int, samples: int, generator: Generator | None, on: torch.device) -> Tensor:
    """The mains, 50 or 60 Hz, with twenty harmonics and a frequency that drifts by up to half a percent."""
    mains = torch.where(uniform(generator, on, clips, 1, 1) < 0.5, 50.0, 60.0)
    time = torch.arange(samples, device=on) / SAMPLE_RATE
    drift = torch.sin(2 * math.pi * (time / 4 + uniform(generator, on, clips, 1, 1)))
    frequency = (mains * (1 + 0.005 * drift)).double()  # in an hour of single precision the pitch would be lost
    return _play(_timbre(clips, 20, generator, on), frequency.cumsum(-1) / SAMPLE_RATE)[:, 0]


Maker = Callable[[int, int, Generator | None, torch.device], Tensor]
"""From a number of clips and of samples."""

MAKERS: Mapping[NoiseKind, Maker] = {"white": white_noise, "coloured": coloured_noise, "music": music, "hum": hum}
"""All kinds but babble, which is made of other clips."""


def _timbre(clips: int, harmonics: int, generator: Generator | None, on: torch.device) -> Tensor:
    """One period with random harmonics that fall as 1 / number, shape ``(clips, _TABLE)``."""
    number = torch.arange(1, harmonics + 1, device=on)
    phase = uniform(generator, on, clips, harmonics, 1)
    cycle = number[:, None] * torch.arange(_TABLE, device=on) / _TABLE
    strength = uniform(generator, on, clips, 1, harmonics) / number
    return (strength @ torch.sin(2 * math.pi * (cycle + phase)))[:, 0]


def _play(table: Tensor, cycles: Tensor) -> Tensor:
    """Read periods ``(B, _TABLE)`` at times in cycles ``(B, V, S)``."""
    place = (cycles * _TABLE).long() & (_TABLE - 1)
    return table.gather(1, place.flatten(1)).view(cycles.shape)
