"""Augmentation of waveforms for training: noise, rooms, and channels, drawn anew for each clip."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from pase.audio.channel import band_limit, clip_peaks, drop_sound, mu_law, transform_codec
from pase.audio.level import to_full_scale
from pase.audio.noise import MAKERS, NOISE_KINDS, NoiseKind, add_noise, babble
from pase.audio.reverberation import reverberate, room_responses
from pase.checks import check_setting
from pase.draws import uniform


@dataclass(frozen=True)
class WaveformAugmentConfig:
    """How often and how far waveforms are changed.

    Attributes:
        noise: Share of clips with additive noise.
        noise_kinds: Kinds of noise, equally often. A batch of one clip has no babble.
        snr_db: Range of the signal-to-noise ratio in dB over the speech-active part, see `add_noise`.
        speakers: Fewest and most people in babble.
        reverberation: Share of clips in a room.
        rt60: Range of the reverberation time in seconds.
        direct_db: Range of the energy of the direct sound over that of the room, in dB.
        band_limit: Share of clips that lack high frequencies, half of them low ones too, as a telephone does.
        low: Range of the lower edge in Hz.
        high: Range of the upper edge in Hz.
        codec: Share of clips through a lossy codec; a quarter of them 8-bit mu-law, the others a transform codec.
        coarseness: Range of the transform codec's step, see `transform_codec`.
        clipping: Share of clips whose peaks are cut off.
        clipping_level: Range of the level, as a share of the clip's peak, at which they are.
        gain_db: Largest change of level in dB, either way; every clip has one.
        dropped: Share of clips with stretches of zeros.
        dropped_seconds: Range of the length of a stretch.
        dropped_stretches: Stretches in a clip at most.
    """

    noise: float = 0.5
    noise_kinds: tuple[NoiseKind, ...] = NOISE_KINDS
    snr_db: tuple[float, float] = (0.0, 30.0)
    speakers: tuple[int, int] = (3, 6)
    reverberation: float = 0.3
    rt60: tuple[float, float] = (0.2, 1.0)
    direct_db: tuple[float, float] = (-3.0, 9.0)
    band_limit: float = 0.15
    low: tuple[float, float] = (100.0, 400.0)
    high: tuple[float, float] = (3000.0, 7000.0)
    codec: float = 0.1
    coarseness: tuple[float, float] = (0.5, 2.0)
    clipping: float = 0.05
    clipping_level: tuple[float, float] = (0.1, 0.7)
    gain_db: float = 12.0
    dropped: float = 0.1
    dropped_seconds: tuple[float, float] = (0.02, 0.2)
    dropped_stretches: int = 3

    def __post_init__(self) -> None:
        check = partial(check_setting, "augmentation of waveforms", self)
        for name in ("noise", "reverberation", "band_limit", "codec", "clipping", "dropped"):
            check(name, 0 <= getattr(self, name) <= 1, "a share of clips from 0 to 1")
        for name, lowest in _LOWEST.items():
            low, high = getattr(self, name)
            check(name, lowest <= low <= high, f"a rising range from {lowest:g} on")
        check("clipping_level", self.clipping_level[1] <= 1, "at most the peak itself, 1")
        check("gain_db", 0 <= self.gain_db <= 60, "0 ... 60 dB")
        check("dropped_stretches", self.dropped_stretches >= 1, "at least one")
        kinds = set(self.noise_kinds)
        check("noise_kinds", bool(kinds) and kinds <= set(NOISE_KINDS), f"some of {', '.join(NOISE_KINDS)}")


_LOWEST = {
    "snr_db": -60.0,
    "speakers": 1,
    "rt60": 0.05,
    "direct_db": -60.0,
    "low": 0.0,
    "high": 500.0,
    "coarseness": 0.0,
    "clipping_level": 0.01,
    "dropped_seconds": 0.0,
}


class WaveformAugment(nn.Module):
    """Random change of waveforms, in the order in which sound meets it: room, noise, channel, level, lost packets.

    Nothing moves in time. Identity in evaluation mode.
    """

    def __init__(self, config: WaveformAugmentConfig) -> None:
        super().__init__()
        self.config = config

    @torch.no_grad()
    def forward(self, waveform: Tensor, generator: Generator | None = None) -> Tensor:
        """Change clips.

        Args:
            waveform: 16 kHz, shape ``(B, S)``. Clips are heard in each other's babble.
            generator: What is drawn depends on it and on the shape alone; None takes torch's global one.

        Returns:
            Shape ``(B, S)``, within ±1; where it was silent throughout, silent.
        """
        if not self.training or waveform.numel() == 0:
            return waveform
        with torch.autocast(waveform.device.type, enabled=False):  # 8 bits of mantissa would be noise of their own
            heard = self._noise(self._room(waveform, generator), waveform, generator)
            heard = self._codec(self._band(heard, generator), generator)
            heard = self._drop(self._clip(heard, generator), generator)
            gain_db = self._range(waveform, generator, (-self.config.gain_db, self.config.gain_db))
            return to_full_scale(heard * 10 ** (gain_db[:, None] / 20))

    def _room(self, clips: Tensor, generator: Generator | None) -> Tensor:
        rows = self._chosen(clips, generator, self.config.reverberation)
        if not len(rows):
            return clips
        rt60 = self._range(clips[rows], generator, self.config.rt60)
        direct_db = self._range(clips[rows], generator, self.config.direct_db)
        return clips.index_copy(0, rows, reverberate(clips[rows], room_responses(rt60, direct_db, generator)))

    def _noise(self, clips: Tensor, people: Tensor, generator: Generator | None) -> Tensor:
        config = self.config
        kinds = [kind for kind in config.noise_kinds if kind != "babble" or len(people) > 1]
        rows = self._chosen(clips, generator, config.noise if kinds else 0.0)
        drawn = uniform(generator, clips.device, len(rows), high=len(kinds)).long()
        for number, kind in enumerate(kinds):
            having = rows[drawn == number]
            if len(having):
                noise = self._of_kind(kind, having, people, generator)
                snr_db = self._range(noise, generator, config.snr_db)
                clips = clips.index_copy(0, having, add_noise(clips[having], noise, snr_db))
        return clips

    def _of_kind(self, kind: NoiseKind, rows: Tensor, people: Tensor, generator: Generator | None) -> Tensor:
        if kind == "babble":
            return babble(people, rows, generator, self.config.speakers)
        return MAKERS[kind](len(rows), people.shape[-1], generator, people.device)

    def _band(self, clips: Tensor, generator: Generator | None) -> Tensor:
        rows = self._chosen(clips, generator, self.config.band_limit)
        if not len(rows):
            return clips
        both = uniform(generator, clips.device, len(rows)) < 0.5
        low = self._range(clips[rows], generator, self.config.low) * both
        high = self._range(clips[rows], generator, self.config.high)
        return clips.index_copy(0, rows, band_limit(clips[rows], low, high))

    def _codec(self, clips: Tensor, generator: Generator | None) -> Tensor:
        rows = self._chosen(clips, generator, self.config.codec)
        if not len(rows):
            return clips
        coarseness = self._range(clips[rows], generator, self.config.coarseness)
        telephone = uniform(generator, clips.device, len(rows), 1) < 0.25
        scaled = to_full_scale(clips[rows])
        return clips.index_copy(0, rows, torch.where(telephone, mu_law(scaled), transform_codec(scaled, coarseness)))

    def _clip(self, clips: Tensor, generator: Generator | None) -> Tensor:
        chosen = uniform(generator, clips.device, len(clips)) < self.config.clipping
        share = self._range(clips, generator, self.config.clipping_level)
        return clip_peaks(clips, torch.where(chosen, share, 1.0))

    def _drop(self, clips: Tensor, generator: Generator | None) -> Tensor:
        rows = self._chosen(clips, generator, self.config.dropped)
        dropped = drop_sound(clips[rows], self.config.dropped_seconds, self.config.dropped_stretches, generator)
        return clips.index_copy(0, rows, dropped)

    def _chosen(self, clips: Tensor, generator: Generator | None, share: float) -> Tensor:
        """Rows of a batch, each with its own draw."""
        return (uniform(generator, clips.device, len(clips)) < share).nonzero()[:, 0]

    def _range(self, clips: Tensor, generator: Generator | None, bounds: tuple[float, float]) -> Tensor:
        return uniform(generator, clips.device, len(clips), low=bounds[0], high=bounds[1])
