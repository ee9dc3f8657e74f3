"""A measure of a rendered video."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One measure of a rendered video.

    Attributes:
        name: What is measured.
        value: NaN where it cannot be measured.
        unit: Of the value.
        count: What it rests on: frames, pairs of frames, or bilabials.
        reason: Why it cannot be measured, where more is known than that there is nothing to measure.
    """

    name: str
    value: float
    unit: str
    count: int
    reason: str = ""
