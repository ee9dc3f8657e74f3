"""What a clip needs to be kept."""

import math
from dataclasses import astuple, dataclass

from pase.errors import InputError


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a clip needs to be kept; only what is useless for certain is refused by default.

    Attributes:
        brightness: Least mean grey value of the lip crops, 0 ... 255.
        motion: Least mean change of the lip crops from frame to frame, in grey values; a still picture has 0.
        loudness: Least root mean square of the sound, as a share of full scale.
        sharpness: Least standard deviation of the crops' Laplacian, in grey values.
        snr: Least level of speech above the pauses, in dB.
    """

    brightness: float = 8.0
    motion: float = 0.15
    loudness: float = 3e-4
    sharpness: float = 0.5
    snr: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, astuple(self))):
            raise InputError(f"a limit is no number: {self}")


REASONS = {
    "brightness": "dark",
    "motion": "still_picture",
    "loudness": "silent",
    "sharpness": "blurred",
    "snr": "noisy",
}
"""What a clip is refused for that breaks a limit."""
