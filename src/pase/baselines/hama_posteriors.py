"""Phoneme posteriors of the recogniser `hama`, a small CTC network with its weights in its package.

Its engine ends in a log-softmax, and these **log-posteriors** are the rows: up to one constant for each row they are
the logits, and a linear probe on them can weigh evidence that posteriors have rounded to nothing (the aperture of lips
is read from them far better).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pase.audio.waveform import Waveform
from pase.baselines.base import Rows
from pase.baselines.timing import Chunks, RowTimes
from pase.corpus.clip import SAMPLES_PER_FRAME
from pase.errors import MissingExtraError
from pase.extras import require

TIMES = RowTimes(first=0.0, rate=50.0)
"""Windows of 400 samples every 160, the first centred on sample 0; then a convolution of kernel 3, stride 2, padding 1,
centred on every other window; the blocks after it keep their places."""

_CHUNKS = Chunks()
"""It ignores what comes after 3000 windows, 30 s; squeeze-excitation and attention reach over all that it is given."""


@dataclass(frozen=True)
class HamaFeatures:
    """Log-posteriors of 191 symbols: phonemes of several languages in IPA, word boundary, blank.

    Attributes:
        session: The engine.
        name: As printed in tables.
        width: Number of symbols.
    """

    session: Any
    name: str
    width: int

    @classmethod
    def load(cls) -> "HamaFeatures":
        """Load the weights that the package brings.

        Raises:
            MissingExtraError: hama is not installed, or has no engine for this system.
        """
        try:
            model = require("hama").ASRModel()
        except RuntimeError as error:
            raise MissingExtraError(f"hama cannot run on this system: {error}. Leave this baseline out.") from error
        return cls(model.session, "hama", len(model.decoder_tokens))

    def rows(self, waveform: Waveform, frames: int) -> Rows:
        """See `pase.baselines.base.SpeechFeatures.rows`; more than 20 s are heard in chunks."""
        return _CHUNKS.rows(self._encode, waveform, self.width)

    def _encode(self, sound: Waveform) -> Rows:
        feeds = {"waveform": np.clip(sound, -1, 1)[None], "waveform_lengths": np.array([len(sound)])}
        (posteriors,) = self.session.run(["log_probs"], feeds)
        return TIMES.at_frames(posteriors[0], len(sound) // SAMPLES_PER_FRAME)
