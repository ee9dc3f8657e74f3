"""What every speech representation offers to the evaluation."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import Waveform, check_finite
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.errors import InputError

Rows = NDArray[np.float32]


@runtime_checkable
class SpeechFeatures(Protocol):
    """Features of speech, one row for each video frame."""

    @property
    def name(self) -> str:
        """As printed in tables, such as ``"log-mel"`` or ``"Whisper tiny.en"``."""
        ...

    @property
    def width(self) -> int:
        """Numbers in a row, F."""
        ...

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


@dataclass(frozen=True)
class CheckedFeatures:
    """A representation whose input is made to fit and whose output is looked at: it may be foreign code or weights.

    The representation inside always gets exactly ``frames * 640`` finite, contiguous samples.

    Attributes:
        inside: The representation.
        name: Its name.
        width: Its width F.
    """

    inside: SpeechFeatures
    name: str
    width: int

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `SpeechFeatures.rows`.

        Raises:
            InputError: Sound that is not mono, or not finite; fewer than one frame; rows of another shape than
                promised, or not finite.
        """
        rows = np.asarray(self.inside.rows(_fitted(waveform, frames), frames))
        if rows.shape != (frames, self.width):
            raise InputError(f"{self.name} gave rows of shape {rows.shape}, expected ({frames}, {self.width})")
        rows = rows.astype(np.float32, copy=False)
        if not np.isfinite(rows).all():
            bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise InputError(
                f"{self.name} gave NaN or infinity, first in the row of video frame {bad}. Are its weights damaged?"
            )
        return rows


def _fitted(waveform: Waveform, frames: int) -> Waveform:
    if frames < 1:
        raise InputError(f"{frames} video frames; expected at least 1")
    sound = np.asarray(waveform)
    if sound.ndim != 1 or not np.issubdtype(sound.dtype, np.floating):
        raise InputError(f"expected mono sound of shape (S,) in floating point, found {sound.dtype} {sound.shape}")
    check_finite(sound, "the sound")
    fitted = np.zeros(frames * SAMPLES_PER_FRAME, dtype=np.float32)
    kept = sound[: len(fitted)]
    fitted[: len(kept)] = kept
    return fitted
