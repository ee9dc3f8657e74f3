"""Synthetic speakers without faces: a voice of an engine, its vocal tract made longer or shorter.

A sound that is played `tract` times as fast has its formants and its pitch raised and its times divided by that factor:
an engine that is asked to speak as much slower gives another speaker of the same words, whose phone times are known
as exactly as before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pase.corpus.synthetic.voices.engine import Engine, Manner

_SHARES = {"espeak": 6, "flite": 3, "festival": 1}
"""Speakers of each engine among so many in a row, where all engines are there."""

_TRACT_SPREAD = 0.10  # standard deviation of the logarithm; people differ by as much, children more
_TRACT_LIMITS = (0.8, 1.28)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A synthetic speaker.

    Attributes:
        name: Name of the speaker's folder.
        engine: Who synthesizes the speech.
        manner: Voice, tempo and pitch, as the engine is asked for them.
        tract: Factor on formants and pitch of what the engine gives; above 1 for a shorter vocal tract.
    """

    name: str
    engine: Engine
    manner: Manner
    tract: float


def make_speaker(seed: int, index: int, engines: Sequence[Engine]) -> Speaker:
    """Speaker number `index` with this seed and these engines; the same whatever the number of speakers."""
    rng = np.random.default_rng([seed, 3, index])
    engine = _deal_engine(seed, index, engines)
    voice = engine.voices[int(rng.integers(len(engine.voices)))]
    tract = float(np.clip(np.exp(rng.normal(0, _TRACT_SPREAD)), *_TRACT_LIMITS))
    tempo = float(np.exp(rng.uniform(-0.2, 0.2)))
    # Pitch goes with the length of the vocal tract, more than in proportion; tract alone would give the proportion.
    pitch = float(np.sqrt(tract) * np.exp(np.clip(rng.normal(0, 0.12), -0.3, 0.3)))
    manner = Manner(voice, tempo / tract, pitch, liveliness=float(rng.uniform(0.6, 1.5)))
    return Speaker(f"{engine.name}{index + 1:04d}", engine, manner, tract)


def _deal_engine(seed: int, index: int, engines: Sequence[Engine]) -> Engine:
    """Deal the engines by their shares, shuffled anew in each round."""
    cards = [engine for engine in engines for _ in range(_SHARES[engine.name])]
    turn, place = divmod(index, len(cards))
    return cards[int(np.random.default_rng([seed, 4, turn]).permutation(len(cards))[place])]
