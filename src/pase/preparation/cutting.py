"""Where long stretches of video are cut into clips."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

from pase.video.tracks import FaceSpan


def cut_spans(spans: Sequence[FaceSpan], least: int, longest: int) -> list[tuple[int, FaceSpan]]:
    """Cut spans into equal parts that are not too long.

    Faces that are seen at once are cut at the same moments: which of them speaks is asked for each part, and over
    parts that only touch each other two people who take turns would seem to speak at once.

    Args:
        spans: Sorted by their beginning, each of at least `least` frames.
        least: Frames of the shortest part.
        longest: Frames of the longest part, unless parts would then be shorter than `least`.

    Returns:
        The parts, each after the place of its span in `spans`; sorted by their beginning.
    """
    moments = [moment for start, stop in _stretches(spans) for moment in _bounds(start, stop, least, longest)]
    parts = [
        (place, FaceSpan(a, span.slots[a - span.start : b - span.start]))
        for place, span in enumerate(spans)
        for a, b in pairwise(_cuts(span, moments, least, longest))
    ]
    return sorted(parts, key=lambda part: (part[1].start, part[0]))


def _stretches(spans: Sequence[FaceSpan]) -> Iterator[tuple[int, int]]:
    """First and last frame + 1 of spans that overlap, or overlap with the same others."""
    start = stop = 0
    for span in spans:
        if span.start >= stop:
            yield start, stop
            start = span.start
        stop = max(stop, span.stop)
    yield start, stop


def _bounds(start: int, stop: int, least: int, longest: int) -> list[int]:
    """Equal parts of at most `longest` frames, or more where they would else have less than `least`."""
    frames = stop - start
    count = max(1, min(ceil(frames / longest), frames // least))
    return [start + frames * part // count for part in range(count + 1)]


def _cuts(span: FaceSpan, moments: Sequence[int], least: int, longest: int) -> list[int]:
    """Where a span is cut, its two ends included; moments that are too close to an end are passed over."""
    inner = [moment for moment in moments if span.start + least <= moment <= span.stop - least]
    ends = pairwise([span.start, *inner, span.stop])
    return sorted({bound for a, b in ends for bound in _bounds(a, b, least, longest)})
