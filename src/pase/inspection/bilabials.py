"""The bilabial test of a corpus: the lips of a clip in sync are closed in the middle of /p b m/."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation.bootstrap import Estimate
from pase.evaluation.closures import bilabial_curve
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS

SHIFTS = range(-5, 6)
"""Frames by which the video is moved against the sound."""

_DEPTH = 0.1
"""Of a minimum that says something, below the mean over all shifts."""


@dataclass(frozen=True, slots=True)
class BilabialCurve:
    """Mean lip gap at the middle of bilabials, the video moved.

    Attributes:
        gaps: Normalised lip gap for each of `SHIFTS`: 0 is as closed as in the clip, 1 as open.
        tokens: Bilabials that it rests on.
        clips: Clips that they are spoken in.
    """

    gaps: tuple[Estimate, ...]
    tokens: int
    clips: int

    @property
    def closed_at(self) -> int:
        """The shift in frames at which lips are most closed."""
        return SHIFTS[int(np.argmin([gap.value for gap in self.gaps]))]

    def finding(self) -> str:
        """What the lowest point says, in a sentence."""
        values = [gap.value for gap in self.gaps]
        if np.mean(values) - min(values) < _DEPTH:
            return "The curve has no clear minimum: lips are not seen to close at /p b m/."
        place = self.closed_at
        if abs(place) <= 1:
            return "Lips are most closed where /p b m/ are heard: sound and picture agree to a frame of 40 ms."
        late, first = ("sound", "picture") if place < 0 else ("picture", "sound")
        return (
            f"Lips are most closed {abs(place)} frames {'before' if place < 0 else 'after'} /p b m/ are heard: "
            f"the {late} lags behind the {first} by some {abs(place) * 1000 // FRAME_RATE} ms."
        )


def measure_bilabials(clips: Sequence[tuple[PhoneTrack, NDArray[np.float64]]], seed: int) -> BilabialCurve | None:
    """The bilabial test over some clips.

    Args:
        clips: Phones and normalised lip gap, shape ``(T,)``, of each.
        seed: Of the bootstrap.

    Returns:
        None where no bilabial is spoken far enough from a clip's ends.
    """
    spoken = [clip for clip in clips if any(i.phone in BILABIALS for i in clip[0].intervals)]
    gaps, tokens = bilabial_curve(spoken, seed, SHIFTS)
    return BilabialCurve(tuple(gaps), tokens, len(spoken)) if tokens else None
