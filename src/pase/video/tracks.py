"""Faces followed from frame to frame: which detection of each frame is the same person's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.video.landmarks import LEFT_EYE_OUTER, POINT_INDICES, RIGHT_EYE_OUTER
from pase.video.lip_crop import MAX_GAP, MAX_JUMP

_EYES = [POINT_INDICES.index(LEFT_EYE_OUTER), POINT_INDICES.index(RIGHT_EYE_OUTER)]


@dataclass(frozen=True, slots=True)
class FaceSpan:
    """One face within one shot.

    Attributes:
        start: Number of its first frame.
        slots: Its place among the detections of each frame, int, shape ``(T,)``; -1 where it was not detected.
    """

    start: int
    slots: NDArray[np.int64]

    @property
    def stop(self) -> int:
        """Number of the frame after its last one."""
        return self.start + len(self.slots)

    def points(self, detections: NDArray[np.float32]) -> NDArray[np.float32]:
        """Its landmarks out of all detections of shape ``(T, F, P, 2)``: shape ``(len(slots), P, 2)``, NaN in gaps."""
        frames = np.arange(self.start, self.stop)
        own: NDArray[np.float32] = detections[frames, self.slots].copy()
        own[self.slots < 0] = np.nan
        return own


def follow_faces(points: NDArray[np.float32], cuts: Sequence[int] = ()) -> tuple[FaceSpan, ...]:
    """Link the detections of neighbouring frames to spans, sorted by their beginning.

    A face is the same one as long as it moves by less than `MAX_JUMP` eye distances per frame, and is lost for no more
    than `MAX_GAP` frames; at a cut every face is a new one.

    Args:
        points: Pixels, shape ``(T, F, 46, 2)``; NaN where there are fewer than F faces.
        cuts: Numbers of the frames with which new shots begin.
    """
    eyes = points[:, :, _EYES, 0] + 1j * points[:, :, _EYES, 1]
    middle, size = eyes.mean(axis=-1), np.abs(eyes[..., 1] - eyes[..., 0])
    open_spans: list[_OpenSpan] = []
    closed: list[FaceSpan] = []
    new_shot = frozenset(cuts)
    for frame in range(len(points)):
        going = [span for span in open_spans if frame not in new_shot and frame - span.last <= MAX_GAP + 1]
        closed += [span.close() for span in open_spans if span not in going]
        free = [int(slot) for slot in np.flatnonzero(np.isfinite(middle[frame]))]
        open_spans = _continue(going, frame, free, middle[frame], size[frame])
    spans = [*closed, *(span.close() for span in open_spans)]
    return tuple(sorted(spans, key=lambda span: (span.start, int(span.slots[0]))))


class _OpenSpan:
    def __init__(self, frame: int, slot: int, place: complex) -> None:
        self.start = self.last = frame
        self.place = place
        self._slots = {frame: slot}

    def add(self, frame: int, slot: int, place: complex) -> None:
        self.last, self.place = frame, place
        self._slots[frame] = slot

    def close(self) -> FaceSpan:
        slots = np.full(self.last - self.start + 1, -1)
        for frame, slot in self._slots.items():
            slots[frame - self.start] = slot
        return FaceSpan(self.start, slots)


def _continue(
    spans: list[_OpenSpan], frame: int, free: list[int], middle: NDArray[np.complex64], size: NDArray[np.float32]
) -> list[_OpenSpan]:
    """Give each detection to the nearest span that it can belong to; those left over begin spans of their own."""
    pairs = sorted(
        (abs(middle[slot] - span.place) / (max(float(size[slot]), 1.0) * (frame - span.last)), order, slot)
        for order, span in enumerate(spans)
        for slot in free
    )
    taken: set[int] = set()
    for distance, order, slot in pairs:
        if distance <= MAX_JUMP and slot in free and order not in taken:
            spans[order].add(frame, slot, complex(middle[slot]))
            taken.add(order)
            free.remove(slot)
    return [*spans, *(_OpenSpan(frame, slot, complex(middle[slot])) for slot in free)]
