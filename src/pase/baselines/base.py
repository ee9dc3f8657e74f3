"""What every speech representation offers to the evaluation."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import Waveform

Rows = NDArray[np.float32]


@runtime_checkable
class SpeechFeatures(Protocol):
    """Features of speech, one row for each video frame.

    Attributes:
        name: As printed in tables, such as ``"log-mel"`` or ``"Whisper tiny.en"``.
        width: Numbers in a row, F.
    """

    name: str
    width: int

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """Features at the middle of each video frame, ``(i + 0.5) / 25`` s.

        Args:
            waveform: 16 kHz mono in -1 ... 1, float32, shape ``(S,)``, time 0 is that of the picture. Sound that is
                shorter than the picture goes on as silence, longer sound is cut off.
            frames: Video frames, at least 1.

        Returns:
            Finite, float32, shape ``(frames, F)``.
        """
        ...
