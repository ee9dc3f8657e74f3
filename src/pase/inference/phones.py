"""What the phone heads of a checkpoint hear, for inspection and for aligners."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.inventory import PHONES, VISEME_NAMES


@dataclass(frozen=True, slots=True, eq=False)
class PhonePosteriors:
    """Log-probabilities of phones and of viseme classes.

    Attributes:
        phones: Natural logarithms, float32, shape ``(N, 40)``; row *k* belongs to the time ``k / rate`` seconds.
        visemes: The same of viseme classes, shape ``(N, 14)``.
        rate: Rows per second (Hz).
        duration: Length of the sound in seconds.
    """

    phones: NDArray[np.float32]
    visemes: NDArray[np.float32]
    rate: float
    duration: float

    def __post_init__(self) -> None:
        rows = len(self.phones)
        expected = ((rows, len(PHONES)), (rows, len(VISEME_NAMES)))
        if (self.phones.shape, self.visemes.shape) != expected:
            raise ValueError(f"expected the shapes {expected}, found {self.phones.shape} and {self.visemes.shape}")

    @property
    def phone_names(self) -> tuple[str, ...]:
        """Of the columns of `phones`."""
        return PHONES

    @property
    def viseme_names(self) -> tuple[str, ...]:
        """Of the columns of `visemes`."""
        return VISEME_NAMES
