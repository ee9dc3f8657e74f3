"""Conditions of hearing for evaluation: the same clip clean, in noise and in rooms, the same every time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from pase.audio.level import to_full_scale
from pase.audio.noise import MAKERS, NOISE_KINDS, NoiseKind, add_noise, babble
from pase.audio.reverberation import reverberate, room_responses
from pase.audio.waveform import Waveform, check_finite
from pase.errors import InputError

_CPU = torch.device("cpu")
_SPEAKERS = 6
"""In babble, if there are so many others: enough that it seldom pauses."""


@dataclass(frozen=True)
class Condition:
    """How a clip is heard.

    Attributes:
        snr_db: Speech over noise in dB, as `add_noise` defines it; None for no noise.
        noise: Kind of noise; None deals the kinds out over the clips.
        rt60: Reverberation time of the room in seconds; None for no room.
    """

    snr_db: float | None = None
    noise: NoiseKind | None = None
    rt60: float | None = None

    def __post_init__(self) -> None:
        if self.noise is not None and (self.noise not in NOISE_KINDS or self.snr_db is None):
            raise InputError(
                f"noise {self.noise!r} at {self.snr_db} dB: expected a signal-to-noise ratio and one of "
                f"{', '.join(NOISE_KINDS)}"
            )
        if self.snr_db is not None and not -60 <= self.snr_db <= 120:
            raise InputError(f"a signal-to-noise ratio of {self.snr_db} dB is not within -60 ... 120 dB")
        if self.rt60 is not None and not 0.05 <= self.rt60 <= 5:
            raise InputError(f"a reverberation time of {self.rt60} s is not within 0.05 ... 5 s")

    @property
    def name(self) -> str:
        """For tables: ``clean``, ``noise 5 dB``, ``babble 5 dB``, ``reverberant 0.6 s``."""
        parts = []
        if self.rt60 is not None:
            parts.append(f"reverberant {self.rt60:g} s")
        if self.snr_db is not None:
            parts.append(f"{self.noise or 'noise'} {self.snr_db:g} dB")
        return ", ".join(parts) or "clean"


STANDARD_CONDITIONS: tuple[Condition, ...] = (
    Condition(),
    *(Condition(snr_db=snr) for snr in (20.0, 15.0, 10.0, 5.0, 0.0, -5.0)),
    Condition(rt60=0.3),
    Condition(rt60=0.6),
)
"""Clean, an SNR sweep over all kinds of noise, and two rooms."""


def degrade(waveform: Waveform, condition: Condition, seed: int, others: Sequence[Waveform]) -> Waveform:
    """One clip as it is heard under a condition.

    What is drawn depends on the seed and the clip's samples alone (babble on the others, too): a clip has the same
    noise at every level of a sweep, whatever stands before it in a corpus. Nothing moves in time. Clips that would
    exceed full scale are turned down as a whole.

    Args:
        waveform: 16 kHz mono, shape ``(S,)``.
        condition: How it is heard.
        seed: Another seed gives another noise, and may give another kind of it.
        others: Clips of which babble is made, not `waveform` itself. Without any, no babble is dealt.

    Returns:
        float32, shape ``(S,)``; `waveform` itself where the condition is clean or there are no samples.

    Raises:
        InputError: Samples that are NaN or infinite; no others, and babble is called for.
    """
    check_finite(waveform, "the clip")
    if condition == Condition() or len(waveform) == 0:
        return waveform
    dry = clip = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32))[None]
    if condition.rt60 is not None:
        rooms = room_responses(torch.tensor([condition.rt60]), torch.zeros(1), _generator(dry, seed, "room"))
        clip = reverberate(clip, rooms)
    if condition.snr_db is not None:
        generator = _generator(dry, seed, "noise")
        heard = [other for other in others if len(other)]
        kinds = NOISE_KINDS if heard else tuple(MAKERS)
        dealt = kinds[int(torch.randint(len(kinds), (), generator=generator))]
        noise = _noise(condition.noise or dealt, len(waveform), generator, heard)
        clip = add_noise(clip, noise, torch.tensor([condition.snr_db]))
    return np.asarray(to_full_scale(clip)[0].numpy())


def _generator(clip: Tensor, seed: int, purpose: str) -> Generator:
    digest = hashlib.blake2b(clip.numpy().tobytes(), key=f"{seed} {purpose}".encode(), digest_size=7).digest()
    return Generator().manual_seed(int.from_bytes(digest, "big"))


def _noise(kind: NoiseKind, samples: int, generator: Generator, others: Sequence[Waveform]) -> Tensor:
    if kind == "babble":
        return _babble(samples, generator, others)
    return MAKERS[kind](1, samples, generator, _CPU)


def _babble(samples: int, generator: Generator, others: Sequence[Waveform]) -> Tensor:
    if not others:
        raise InputError("babble is made of other clips, and none was given; give others, or another kind of noise")
    chosen = torch.randperm(len(others), generator=generator)[:_SPEAKERS].tolist()
    pool = torch.stack([_repeated(others[number], samples) for number in chosen])
    return babble(pool, torch.tensor([-1]), generator, (_SPEAKERS, _SPEAKERS))


def _repeated(waveform: Waveform, samples: int) -> Tensor:
    """The clip's first samples, from its beginning again where it is too short."""
    return torch.from_numpy(np.resize(waveform, samples).astype(np.float32))
