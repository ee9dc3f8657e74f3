"""Causal networks over spectra that carry their past as plain tensors: whole or in pieces, the numbers are the same.

The whole of a recording is one piece whose past is silence before the first window; a stream hands on what `forward`
returns. Nothing else is remembered, so an exported network has the same inputs and outputs.
"""

import itertools
from functools import partial
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pase.models.config import AudioConfig
from pase.models.ranks import BatchNorm
from pase.models.relay import relay

State = tuple[Tensor, ...]
"""What a causal network remembers, each of shape ``(B, ...)``."""


class CausalNetwork(Protocol):
    """What an audio encoder needs of the network between its spectra and its features."""

    width: int
    """Features of an output."""

    def initial(self, batch: int, like: Tensor) -> State:
        """The past before the first window, on the device and in the type of `like`."""

    def __call__(self, spectra: Tensor, state: State, threads: int = 1) -> tuple[Tensor, State]:
        """Go on: spectra ``(B, stride n, bins)`` to outputs ``(B, n, width)`` and the new past.

        With more than one of `threads` there are no gradients.
        """


class CausalGru(nn.Module):
    """GRU layers in one direction (paper section 2.2), for a stride above 1 behind a convolution that joins spectra."""

    def __init__(self, bins: int, config: AudioConfig) -> None:
        super().__init__()
        self.width = config.hidden
        self.stem: _Stem | None = _Stem(bins, config.hidden, config.stride) if config.stride > 1 else None
        dropout = config.dropout if config.layers > 1 else 0.0
        inputs = bins if self.stem is None else config.hidden
        self.gru = nn.GRU(inputs, config.hidden, config.layers, batch_first=True, dropout=dropout)

    def initial(self, batch: int, like: Tensor) -> State:
        """Zeros, which spectra of mean loudness would also be."""
        hidden = like.new_zeros(batch, self.gru.num_layers, self.width)
        return (hidden,) if self.stem is None else (self.stem.initial(batch, like), hidden)

    def forward(self, spectra: Tensor, state: State, threads: int = 1) -> tuple[Tensor, State]:
        """See `CausalNetwork`."""
        *past, hidden = state
        if self.stem is not None:
            spectra, recent = self.stem(spectra, past[0])
            past = [recent]
        gru = self.gru if threads == 1 else partial(relay, self.gru, threads=threads)
        outputs, newest = gru(spectra, hidden.transpose(0, 1).contiguous())
        return outputs, (*past, newest.transpose(0, 1))


class _Stem(nn.Module):
    """Strided convolution over time, batch norm, ReLU.

    The convolution is a product of matrices over neighbours put side by side: for one recording that is three times
    faster than torch's own, for a few spectra of a stream five times.
    """

    def __init__(self, bins: int, width: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.reach = stride + 1
        self.join = nn.Linear((self.reach + stride) * bins, width, bias=False)
        self.norm = BatchNorm(width)

    def initial(self, batch: int, like: Tensor) -> Tensor:
        return like.new_zeros(batch, self.reach, like.shape[-1])

    def forward(self, spectra: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        heard = torch.cat([past, spectra], dim=1)
        length = spectra.shape[1]
        neighbours = [heard[:, first : first + length : self.stride] for first in range(self.reach + self.stride)]
        joined = self.join(torch.cat(neighbours, dim=2))
        return F.relu(self.norm(joined.transpose(1, 2)).transpose(1, 2)), heard[:, length:]


class CausalCnn(nn.Module):
    """Convolutions over frequency and time that end in one vector, as Wav2Lip's and SyncTalk's audio encoders do.

    Those cut a window of 200 ms for each video frame; here the convolutions go along time once, and each output hears a
    window of about that length. Five stages; each but the first thirds the frequency axis.
    """

    _SHARES = (16, 8, 4, 2, 1)
    """Parts of the last stage's channels."""

    def __init__(self, bins: int, config: AudioConfig) -> None:
        super().__init__()
        self.width = config.hidden
        channels = [max(8, config.hidden // share) for share in self._SHARES]
        reach = config.stride + 1
        stages = [_TimeConvolution(1, channels[0], (1, config.stride), reach + config.stride)]
        self._pasts = [(1, bins, reach)]
        for inputs, outputs in itertools.pairwise(channels):
            stages.append(_TimeConvolution(inputs, outputs, (3, 1), 3))
            self._pasts.append((inputs, bins, 2))
            bins = -(-bins // 3)
        self.stages = nn.ModuleList(stages)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_FrequencyBlock(width) for _ in range(config.layers))) for width in channels
        )
        self.collapse = nn.Linear(channels[-1] * bins, config.hidden)

    def initial(self, batch: int, like: Tensor) -> State:
        """Zeros in every layer that looks back."""
        return tuple(like.new_zeros(batch, *shape) for shape in self._pasts)

    def forward(self, spectra: Tensor, state: State, threads: int = 1) -> tuple[Tensor, State]:
        """See `CausalNetwork`; always in one thread."""
        maps = spectra.transpose(1, 2)[:, None]  # (B, 1, bins, N)
        newest = []
        for stage, block, past in zip(self.stages, self.blocks, state, strict=True):
            maps, recent = stage(maps, past)
            maps = block(maps)
            newest.append(recent)
        outputs: Tensor = self.collapse(maps.flatten(1, 2).transpose(1, 2))
        return F.relu(outputs), tuple(newest)


class _TimeConvolution(nn.Module):
    """Convolution over frequency and past time, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int], kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, (3, kernel), stride, (1, 0), bias=False)
        self.norm = BatchNorm(outputs)

    def forward(self, maps: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        heard = torch.cat([past, maps], dim=3)
        result: Tensor = F.relu(self.norm(self.convolution(heard)))
        return result, heard[..., heard.shape[3] - past.shape[3] :]


class _FrequencyBlock(nn.Module):
    """Residual convolution over frequency."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, (3, 1), padding=(1, 0), bias=False)
        self.norm = BatchNorm(width)

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = self.norm(self.convolution(maps))
        return F.relu(result + maps)


def causal_network(bins: int, config: AudioConfig) -> CausalGru | CausalCnn:
    """The network that a config names."""
    return CausalGru(bins, config) if config.kind == "gru" else CausalCnn(bins, config)
