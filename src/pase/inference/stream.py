"""Encoding sound as it arrives: any chunking gives the features of the whole."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from pase.audio.stft import EDGE
from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.models.audio_encoder import AudioEncoder
from pase.models.causal import State
from pase.models.features import FeatureScale

_LONGEST_STEP = 20 * SAMPLE_RATE
"""Samples encoded at once; longer pushes are cut, so that memory does not grow with them."""


class Stream:
    """The state of one recording that is being encoded.

    Features come out with the look-ahead that the model states; `finish` gives the rest, as if silence followed.
    """

    def __init__(self, encoder: AudioEncoder, scale: FeatureScale) -> None:
        self._encoder = encoder
        self._scale = scale
        self._unheard = np.zeros(EDGE, dtype=np.float32)  # silence before the first sample
        self._state: State = encoder.initial()
        self._early = encoder.delay  # outputs to drop: they belong to times before 0
        self._finished = False

    def push(self, samples: Waveform) -> Waveform:
        """Hear more sound.

        Args:
            samples: 16 kHz mono, shape ``(N,)``, any N.

        Returns:
            The features that have become certain, float32, shape ``(n, D)``; the states of all calls together are those
            of the whole recording, `AudioEncoder.rate` per second from time 0.
        """
        if self._finished:
            raise ValueError("the stream is finished: begin a new one")
        pieces = [self._step(samples[at : at + _LONGEST_STEP]) for at in range(0, max(1, len(samples)), _LONGEST_STEP)]
        return np.concatenate(pieces)

    def finish(self) -> Waveform:
        """End the recording; return the last features, shape ``(n, D)``."""
        rest = self.push(np.zeros(self._encoder.tail_samples, dtype=np.float32))
        self._finished = True
        return rest

    def _step(self, samples: Waveform) -> Waveform:
        with torch.inference_mode(), _one_thread():
            return self._encode(samples)

    def _encode(self, samples: Waveform) -> Waveform:
        self._unheard = np.concatenate([self._unheard, samples])
        step, window = self._encoder.step_samples, self._encoder.window_samples
        steps = (len(self._unheard) - window) // step + 1
        if steps < 1:
            return np.zeros((0, self._encoder.project.out_features), dtype=np.float32)
        stretch = torch.from_numpy(self._unheard[: window + (steps - 1) * step])
        self._unheard = self._unheard[steps * step :]
        outputs, self._state = self._encoder.step(stretch[None], self._state)
        skipped = min(self._early, steps)
        self._early -= skipped
        features: Waveform = self._scale(outputs[0, skipped:]).numpy()
        return features


@contextmanager
def _one_thread() -> Iterator[None]:
    """A GRU that goes through one recording has too little to do in each step for a second thread.

    On a busy machine the threads wait for each other a hundred times longer than they compute.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
