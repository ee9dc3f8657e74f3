"""Lips of a video that has no reference: they close at bilabials, not at vowels, and rest in silence."""

import math

import numpy as np

from pase.corpus.clip import labels_of_frames
from pase.evaluation.bootstrap import Floats
from pase.evaluation.closures import VOWELS, closes, normalise_gap, token_frames
from pase.evaluation.rendered.metrics import Points, aperture, bridged, mouth_jitter, mouth_width
from pase.evaluation.rendered.score import Score
from pase.evaluation.silence import silent_frames
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS


def score_driven(points: Points, phones: PhoneTrack, filmed: Floats) -> list[Score]:
    """Measures of a mouth by what is spoken alone.

    Args:
        points: Lip points in pixels, see `pase.evaluation.rendered.metrics`.
        phones: What is spoken, as far as it is known.
        filmed: Gaps of the person's inner lips in real pictures of the same size, shape ``(N,)``: a mouth is closed
            where its gap is as small as theirs.
    """
    gap = normalise_gap(bridged(aperture(points)), filmed[np.isfinite(filmed)])
    silent = silent_frames(labels_of_frames(phones, len(points)))
    moved = mouth_jitter(points, silent) / float(np.nanmean(mouth_width(points)))
    closed = {
        name: closes(gap, token_frames(phones, wanted))
        for name, wanted in (("closed at bilabials", BILABIALS), ("closed at vowels", VOWELS))
    }
    return [
        *(Score(name, _mean(found), "of those spoken", len(found)) for name, found in closed.items()),
        Score("opening in silence", _mean(gap[silent]), "of the range of real gaps", int(silent.sum())),
        Score("jitter in silence", _mean(moved), "mouth widths", len(moved)),
    ]


def _mean(values: Floats | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else math.nan
