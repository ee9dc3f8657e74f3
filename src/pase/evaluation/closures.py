"""Do the lips close where /p b m/ are spoken: in the pictures, and in what is predicted from sound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation.bootstrap import Estimate, Floats, bootstrap, ratio
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS, PHONES

SHIFTS = range(-3, 4)
"""Frames by which the video is moved against the sound."""

CLOSED = 0.25
"""Normalised gap under which lips count as closed."""

_REACH = 2
"""Frames around a phone's middle in which the lips may close (an alignment is exact to a frame or so)."""

VOWELS = frozenset(phone for phone in PHONES if phone[0] in "AEIOU")


@dataclass(frozen=True)
class SpokenGap:
    """One clip for this test; gaps are normalised.

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
    """A lip gap, shape ``(T,)``, scaled so that in the pictures its 5th percentile is 0 and its 95th is 1."""
    low, high = np.percentile(np.asarray(seen, dtype=np.float64), [5, 95])
    return np.asarray((np.asarray(gap, dtype=np.float64) - low) / max(high - low, 1e-6))


def token_frames(phones: PhoneTrack, wanted: frozenset[str]) -> NDArray[np.int64]:
    """Video frame at the middle of each of the wanted phones."""
    return np.array([int(i.middle * FRAME_RATE) for i in phones.intervals if i.phone in wanted], dtype=np.int64)


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
    rows = []
    for phones, gap in clips:
        around = gap_around(gap, token_frames(phones, BILABIALS), shifts)
        rows.append([*around.sum(axis=0), len(around)])
    table = np.array(rows).reshape(-1, len(shifts) + 1)
    return [bootstrap(table[:, [k, -1]], ratio, seed) for k in range(len(shifts))], int(table[:, -1].sum())


def closure_scores(clips: Sequence[SpokenGap], seed: int) -> tuple[Estimate, Estimate]:
    """How well closures are heard.

    Returns:
        Of the bilabials at which the lips close, the share whose predicted gap closes too; of the vowels at which they
        stay open, the share whose predicted gap closes (false alarms).
    """
    recall, alarms = [], []
    for clip in clips:
        closing, heard = (_closes(gap, token_frames(clip.phones, BILABIALS)) for gap in (clip.seen, clip.predicted))
        recall.append([(closing & heard).sum(), closing.sum()])
        closing, heard = (_closes(gap, token_frames(clip.phones, VOWELS)) for gap in (clip.seen, clip.predicted))
        alarms.append([(~closing & heard).sum(), (~closing).sum()])
    return bootstrap(_counts(recall), ratio, seed), bootstrap(_counts(alarms), ratio, seed)


def _closes(gap: Floats, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(gap_around(gap, frames, range(-_REACH, _REACH + 1)).min(axis=1, initial=np.inf) < CLOSED)


def _counts(rows: list[list[int]]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 2)
