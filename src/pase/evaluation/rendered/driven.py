"""Lips of a video that has no reference: they close at bilabials, not at vowels, and rest in silence."""

import math

import numpy as np

from pase.corpus.clip import labels_of_frames
from pase.evaluation.bootstrap import Floats
from pase.evaluation.closures import VOWELS, closes, normalise_gap, whole_tokens
from pase.evaluation.rendered.metrics import Points, aperture, faceless_share, mouth_jitter
from pase.evaluation.rendered.score import Score
from pase.evaluation.silence import silent_frames
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS


def score_driven(points: Points, phones: PhoneTrack, filmed: Floats) -> list[Score]:
    """Measures of a mouth by what is spoken alone, from frames with a face.

    Args:
        points: Lip points in pixels, see `pase.evaluation.rendered.metrics`.
        phones: What is spoken, as far as it is known.
        filmed: Gaps of the person's inner lips in real pictures of the same size, shape ``(N,)``: a mouth is closed
            where its gap is as small as theirs.
    """
    gap = normalise_gap(aperture(points), filmed)
    known = np.isfinite(gap)
    silent = silent_frames(labels_of_frames(phones, len(points)))
    moved = mouth_jitter(points, silent)
    closed = {
        name: closes(gap, whole_tokens(phones, wanted, known))
        for name, wanted in (("closed at bilabials", BILABIALS), ("closed at vowels", VOWELS))
    }
    return [
        *(Score(name, _mean(found), "of those spoken", len(found)) for name, found in closed.items()),
        Score(
            "opening in silence", _mean(gap[silent & known]), "of the range of real gaps", int((silent & known).sum())
        ),
        Score("jitter in silence", _mean(moved), "mouth widths", len(moved)),
        faceless_share(points),
    ]


def _mean(values: Floats | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else math.nan
