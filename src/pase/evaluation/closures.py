"""Do the lips close where /p b m/ are spoken: in the pictures, and in what is predicted from sound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation.bootstrap import Estimate, Floats, bootstrap, ratio
from pase.evaluation.silence import spoken_frames
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS, PHONES

SHIFTS = range(-3, 4)
"""Frames by which the video is moved against the sound."""

CLOSED = 0.25
"""Normalised gap under which lips count as closed."""

_REACH = 2
"""Frames around a phone's middle in which the lips may close (an alignment is exact to a frame or so)."""

NEAR = 1
"""Frames by which a predicted closure may be early or late."""

VOWELS = frozenset(phone for phone in PHONES if phone[0] in "AEIOU")


@dataclass(frozen=True)
class SpokenGap:
    """One clip for this test; gaps are normalised, NaN where the lips are not seen.

    Attributes:
        phones: Its phones.
        seen: Gap of the inner lips in the pictures, shape ``(T,)``.
        predicted: The gap predicted from sound, shape ``(T,)``.
    """

    phones: PhoneTrack
    seen: Floats
    predicted: Floats

    @classmethod
    def normalised(cls, phones: PhoneTrack, seen: ArrayLike, predicted: ArrayLike) -> "SpokenGap":
        """Bring the 5th percentile of the gap in the clip's pictures to 0, the 95th to 1.

        The prediction gets the same scale: one that hardly moves shall not be stretched until it closes.
        """
        return cls(phones, normalise_gap(seen, seen), normalise_gap(predicted, seen))


def normalise_gap(gap: ArrayLike, seen: ArrayLike) -> Floats:
    """A lip gap, shape ``(T,)``, scaled so that in the pictures its 5th percentile is 0 and its 95th is 1.

    NaN stays NaN; all is where the pictures show no gap at all.
    """
    known = np.asarray(seen, dtype=np.float64)
    known = known[np.isfinite(known)]
    low, high = np.percentile(known, [5, 95]) if len(known) else (np.nan, np.nan)
    return np.asarray((np.asarray(gap, dtype=np.float64) - low) / max(high - low, 1e-6))


def token_frames(phones: PhoneTrack, wanted: frozenset[str]) -> NDArray[np.int64]:
    """Video frame at the middle of each of the wanted phones."""
    return np.array([int(i.middle * FRAME_RATE) for i in phones.intervals if i.phone in wanted], dtype=np.int64)


def whole_tokens(phones: PhoneTrack, wanted: frozenset[str], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Frames of `token_frames` around which a closure can be told: the lips are known in all frames that count.

    Args:
        phones: What is spoken.
        wanted: The phones.
        known: Whether the lips are seen in each frame, shape ``(T,)``.
    """
    frames = token_frames(phones, wanted)
    frames = frames[(frames >= _REACH) & (frames + _REACH < len(known))]
    return np.asarray(frames[known[frames[:, None] + np.arange(-_REACH, _REACH + 1)].all(axis=1)])


def gap_around(gap: Floats, frames: NDArray[np.int64], shifts: range = SHIFTS) -> Floats:
    """Gap at each frame, the video moved by each shift; frames too near an end are left out.

    Args:
        gap: Shape ``(T,)``.
        frames: Numbers of frames, shape ``(N,)``.
        shifts: The K shifts.

    Returns:
        Shape ``(N', K)``.
    """
    inside = (frames + shifts[0] >= 0) & (frames + shifts[-1] < len(gap))
    return np.asarray(gap[frames[inside][:, None] + np.asarray(shifts)])


def bilabial_sums(phones: PhoneTrack, gap: Floats, shifts: range = SHIFTS) -> Floats:
    """Sums of a clip's gap at the middle of /p b m/ for each shift, then the bilabials' number, shape ``(K + 1,)``."""
    around = gap_around(gap, token_frames(phones, BILABIALS), shifts)
    return np.array([*around.sum(axis=0), len(around)])


def bilabial_curve(
    clips: Sequence[tuple[PhoneTrack, Floats]], seed: int, shifts: range = SHIFTS
) -> tuple[list[Estimate], int]:
    """Mean normalised gap at the middle of /p b m/ for each shift.

    Args:
        clips: Phones and normalised gap of each clip.
        seed: Of the bootstrap.
        shifts: The K shifts.

    Returns:
        One estimate per shift, and the number of bilabials that they rest on.
    """
    rows = [bilabial_sums(phones, gap, shifts) for phones, gap in clips]
    table = np.array(rows).reshape(-1, len(shifts) + 1)
    return [bootstrap(table[:, [k, -1]], ratio, seed) for k in range(len(shifts))], int(table[:, -1].sum())


def closure_sums(clip: SpokenGap, labels: NDArray[np.int64]) -> dict[str, list[int]]:
    """What one clip adds to how well closures are heard.

    Args:
        clip: Its phones and gaps.
        labels: Class number of the phone at each frame, shape ``(T,)``.

    Returns:
        Pairs of counts, of tokens and frames around which the lips are known in both. ``recall``: of the bilabials at
        which the lips close, those where the predicted gap closes too. ``precision``: of the spoken frames
        where the predicted gap is closed, those where the lips are closed at most `NEAR` frames away; whoever closes
        too long or in the wrong place loses here. ``alarms``: of the vowels at which the lips stay open, those where
        the predicted gap closes.
    """
    known = np.isfinite(clip.seen) & np.isfinite(clip.predicted)
    bilabials, vowels = (whole_tokens(clip.phones, wanted, known) for wanted in (BILABIALS, VOWELS))
    seen, heard = (closes(gap, bilabials) for gap in (clip.seen, clip.predicted))
    seen_vowels, heard_vowels = (closes(gap, vowels) for gap in (clip.seen, clip.predicted))
    told = _neighbours(known, beyond=True).all(axis=1)
    closed = (clip.predicted < CLOSED) & spoken_frames(labels) & told
    near = _neighbours(clip.seen < CLOSED, beyond=False).any(axis=1)
    return {
        "recall": [int((seen & heard).sum()), int(seen.sum())],
        "precision": [int((closed & near).sum()), int(closed.sum())],
        "alarms": [int((~seen_vowels & heard_vowels).sum()), int((~seen_vowels).sum())],
    }


def _neighbours(values: NDArray[np.bool_], beyond: bool) -> NDArray[np.bool_]:
    """Each frame with those at most `NEAR` away, shape ``(T, 2 * NEAR + 1)``."""
    padded = np.pad(values, NEAR, constant_values=beyond)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1)


def closes(gap: Floats, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a normalised gap closes at most two frames from each of some frames; those near an end are left out."""
    return np.asarray(gap_around(gap, frames, range(-_REACH, _REACH + 1)).min(axis=1, initial=np.inf) < CLOSED)
