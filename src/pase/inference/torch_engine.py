"""Encoding with torch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.audio.stft import EDGE
from pase.audio.waveform import Waveform
from pase.inference.engine import Past, StreamSpec
from pase.models.audio_encoder import AudioEncoder
from pase.models.relay import PIECE


class TorchEngine:
    """An audio encoder and what is read off its states, on the device where the encoder is.

    Args:
        encoder: In evaluation mode.
        read: From states ``(n, D)`` to rows ``(n, width)``.
        width: Numbers in a row.
        model_id: Identity of the checkpoint.
    """

    def __init__(self, encoder: AudioEncoder, read: Callable[[Tensor], Tensor], width: int, model_id: str) -> None:
        self._encoder = encoder
        self._read = read
        self._device = encoder.project.weight.device
        self._spec = stream_spec(encoder, width, model_id)

    @property
    def spec(self) -> StreamSpec:
        """See `Engine`."""
        return self._spec

    def initial(self) -> Past:
        """See `Engine`."""
        return tuple(_array(past) for past in self._encoder.initial())

    def step(self, samples: Waveform, past: Past) -> tuple[NDArray[np.float32], Past]:
        """See `Engine`."""
        threads = self._threads(len(samples))
        with torch.inference_mode(), one_thread():
            state = tuple(torch.from_numpy(array).to(self._device) for array in past)
            outputs, newest = self._encoder.step(torch.from_numpy(samples)[None].to(self._device), state, threads)
            return _array(self._read(outputs[0])), tuple(_array(tensor) for tensor in newest)

    def _threads(self, samples: int) -> int:
        """As many as torch may use, on a CPU and where the layers get more than one piece each."""
        short = samples < 2 * PIECE * self._encoder.step_samples
        return 1 if short or self._device.type != "cpu" else torch.get_num_threads()


def stream_spec(encoder: AudioEncoder, width: int, model_id: str) -> StreamSpec:
    """The timing of an audio encoder."""
    return StreamSpec(
        model_id=model_id,
        width=width,
        rate=encoder.rate,
        look_ahead=encoder.look_ahead,
        delay=encoder.delay,
        edge_samples=EDGE,
        step_samples=encoder.step_samples,
        window_samples=encoder.window_samples,
        tail_samples=encoder.tail_samples,
    )


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.cpu().numpy(), dtype=np.float32)


@contextmanager
def one_thread() -> Iterator[None]:
    """Within a layer, a GRU that goes through one recording has too little to do in each step for a second thread.

    On a busy machine the threads wait for each other a hundred times longer than they compute.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
