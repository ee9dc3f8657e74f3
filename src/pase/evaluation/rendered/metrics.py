"""How near the mouth of a rendered video is to that of its reference, from lip points found in both.

Points are those of `pase.video.landmarks.LIP_INDICES`, in pixels, shape ``(T, 40, 2)``, the same frames of both videos;
NaN where no face was found. A frame counts only where both have one.
"""

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import labels_of_frames
from pase.evaluation.bootstrap import Floats
from pase.evaluation.rendered.score import Score
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import PHONES
from pase.video.landmarks import MOUTH_LEFT, MOUTH_RIGHT, lip_gap

Points = NDArray[np.float32]


def found_in_both(points: Points, reference: Points) -> NDArray[np.bool_]:
    """Frames in which both have a face, shape ``(T,)``.

    Raises:
        ValueError: They are not of one shape ``(T, P, 2)``.
    """
    if points.shape != reference.shape or points.ndim != 3 or points.shape[-1] != 2:
        raise ValueError(f"expected points of one shape (T, P, 2), found {points.shape} and {reference.shape}")
    return np.asarray(np.isfinite(points).all(axis=(1, 2)) & np.isfinite(reference).all(axis=(1, 2)))


def mouth_distance(points: Points, reference: Points) -> Floats:
    """Landmark distance (LMD) of each frame in pixels, shape ``(T,)``; NaN where a face is missing.

    The points of either mouth are centred on their own mean, so that where the head is does not count, as in SyncTalk's
    evaluation; then the mean Euclidean distance over the points.
    """
    found_in_both(points, reference)
    apart = _centred(points) - _centred(reference)
    return np.asarray(np.linalg.norm(apart, axis=-1).mean(axis=1))


def distance_by_phone(points: Points, reference: Points, phones: PhoneTrack) -> dict[str, tuple[float, int]]:
    """Phone to the sum of the LMD over its frames, in widths of the reference's mouth, and their number."""
    distances = mouth_distance(points, reference) / float(np.nanmean(mouth_width(reference)))
    labels = labels_of_frames(phones, len(points))
    known = np.isfinite(distances)
    return {
        phone: (float(distances[own].sum()), int(own.sum()))
        for place, phone in enumerate(PHONES)
        if (own := known & (labels == place)).any()
    }


def mouth_width(points: Points) -> Floats:
    """Distance of the outer corners of the mouth, shape ``(T,)``, in the unit of the points."""
    apart = points[:, MOUTH_RIGHT].astype(np.float64) - points[:, MOUTH_LEFT]
    return np.asarray(np.linalg.norm(apart, axis=-1))


def correlation(one: Floats, other: Floats) -> float:
    """Pearson correlation over the frames where both are known; NaN for fewer than 3, or where one is constant."""
    known = np.isfinite(one) & np.isfinite(other)
    one, other = one[known] - one[known].mean(), other[known] - other[known].mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / size) if len(one) >= 3 and size > 0 else float("nan")


def aperture(points: Points) -> Floats:
    """Gap of the inner lips in the middle of the mouth, shape ``(T,)``, in the unit of the points."""
    return np.asarray(lip_gap(points), dtype=np.float64)


def score_following(points: Points, speaker: Points) -> list[Score]:
    """How a mouth follows that of whoever spoke: opening and width, of which two people have different ranges.

    Args:
        points: Lip points of the mouth, shape ``(T, 40, 2)``, in any unit; NaN where no face was found.
        speaker: Those of the one who was filmed speaking, likewise, perhaps in another unit.
    """
    count = int(found_in_both(points, speaker).sum())
    return [
        Score("aperture", correlation(aperture(points), aperture(speaker)), "correlation", count),
        Score("width", correlation(mouth_width(points), mouth_width(speaker)), "correlation", count),
    ]


def faceless_share(points: Points) -> Score:
    """Frames that count in no measure of lips."""
    found = found_in_both(points, points)
    return Score("frames without a face", 1 - float(found.mean()), "of all", len(found))


def mouth_jitter(points: Points, silent: NDArray[np.bool_]) -> Floats:
    """What the mouth's points, centred, move from one silent frame to the next, shape ``(N,)``.

    In widths of this very mouth, the mean over its frames.

    Args:
        points: Of one video.
        silent: Frames in which nobody speaks, shape ``(T,)``.
    """
    centred = _centred(points)
    moved = np.linalg.norm(centred[1:] - centred[:-1], axis=-1).mean(axis=1)
    moved = moved[silent[1:] & silent[:-1] & np.isfinite(moved)]
    return np.asarray(moved / np.nanmean(mouth_width(points))) if len(moved) else moved


def _centred(points: Points) -> Floats:
    exact = points.astype(np.float64)
    return np.asarray(exact - exact.mean(axis=1, keepdims=True))
