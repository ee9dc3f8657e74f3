"""What a stream needs of whatever computes: torch, or an exported graph."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError

Past = tuple[NDArray[np.float32], ...]
"""What the network remembers."""

_MINUTE = 60 * SAMPLE_RATE

_LIMITS: tuple[tuple[str, float, float], ...] = (
    ("width", 1, 4096),
    ("rate", 1, 1000),
    ("look_ahead", 0, 60),
    ("delay", 0, 60_000),
    ("edge_samples", 0, _MINUTE),
    ("step_samples", 1, SAMPLE_RATE),
    ("window_samples", 1, _MINUTE),
    ("tail_samples", 0, _MINUTE),
)


@dataclass(frozen=True)
class StreamSpec:
    """The timing of an encoder.

    Attributes:
        model_id: Identity of the checkpoint.
        width: Feature width D.
        rate: States per second (Hz); state *k* belongs to the time ``k / rate`` seconds.
        look_ahead: Seconds of sound after a time that its feature depends on.
        delay: States that come out before the one of time 0.
        edge_samples: Samples of silence before a recording, at 16 kHz as all the following.
        step_samples: From one state to the next.
        window_samples: That one state takes.
        tail_samples: Of silence after a recording.

    Raises:
        InputError: A number that no encoder has: an exported file may be a stranger's.
    """

    model_id: str
    width: int
    rate: float
    look_ahead: float
    delay: int
    edge_samples: int
    step_samples: int
    window_samples: int
    tail_samples: int

    def __post_init__(self) -> None:
        for name, low, high in _LIMITS:
            if not low <= getattr(self, name) <= high:
                raise InputError(f"an encoder's {name} is {getattr(self, name)}, expected {low} ... {high}")


class Engine(Protocol):
    """Computes features of consecutive pieces of sound."""

    @property
    def spec(self) -> StreamSpec:
        """Its timing."""
        ...

    def initial(self) -> Past:
        """What `step` is given first."""
        ...

    def step(self, samples: Waveform, past: Past) -> tuple[NDArray[np.float32], Past]:
        """Continue a stream.

        Args:
            samples: Shape ``(window_samples + n * step_samples,)``: what has not been heard yet, overlap included.
            past: What the last call returned.

        Returns:
            Features of shape ``(n + 1, D)``, each `delay` states late, and the new past.
        """
        ...
