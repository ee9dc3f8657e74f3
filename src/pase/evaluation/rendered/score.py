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
    """

    name: str
    value: float
    unit: str
    count: int
