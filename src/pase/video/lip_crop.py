"""The stabilised lip crop: the mouth seen from a head that neither moves, turns in the picture, nor changes its size.

In every frame a similarity transform (rotation, scale, shift) carries a canonical upright face onto the six points that
move with the skull. Canonical coordinates have x to the right, y down, the middle of the outer eye corners as their
origin, and the distance between these corners as their unit.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pase.errors import UnusableClipError
from pase.video.landmarks import OUTER_LIP_INDICES, STABLE_INDICES
from pase.video.reading import Picture

CROP_SIDE = 1.1
"""Side of the crop in eye distances: the mouth, 0.52 to 0.62 of them wide, takes about half of it, and a wide open jaw
stays within."""

MAX_GAP = 5
"""Frames without a face that are bridged by interpolation, here 0.2 s at 25 frames per second."""

MIN_EYE_DISTANCE = 20.0
"""Pixels between the outer eye corners below which lips are too few pixels to learn from."""

MAX_JUMP = 0.75
"""Eye distances that a face moves from one frame to the next; more is another face, or a cut."""

_CANONICAL = np.array([-0.5, -0.19 + 0.015j, 0.19 + 0.015j, 0.5, -0.04j, 0.05j])
"""The stable points of a mean upright face, x + iy, in the order of `STABLE_INDICES`."""

_SMOOTHING = 1.2  # frames, the Gaussian's standard deviation: removes the detector's jitter, follows a nod
_STABLE = len(STABLE_INDICES)


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """Where the upright face lies in each picture, and where the lips lie in the upright face.

    A canonical point ``p = x + iy`` lies at ``scale_rotation * p + shift`` in the picture, in pixels.

    Attributes:
        scale_rotation: complex128, shape ``(T,)``.
        shift: complex128, shape ``(T,)``.
        centre: The clip's mean mouth centre in canonical coordinates.
        lip_points: float32, shape ``(T, 40, 2)``, canonical coordinates with `centre` as the origin.
    """

    scale_rotation: NDArray[np.complex128]
    shift: NDArray[np.complex128]
    centre: complex
    lip_points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.shift)

    def check_inside(self, width: int, height: int) -> None:
        """Smoothed over time, a mouth at the edge of pictures of this size may come to lie beyond it.

        Raises:
            UnusableClipError: The mouth is outside the picture.
        """
        mouth = self.scale_rotation * self.centre + self.shift
        outside = (mouth.real < 0) | (mouth.real >= width) | (mouth.imag < 0) | (mouth.imag >= height)
        if outside.any():
            raise UnusableClipError(
                "mouth_outside",
                f"the mouth is outside the picture in frame {outside.argmax()} of {len(self)} of the face",
            )

    def crop(self, picture: Picture, frame: int, size: int) -> Picture:
        """The lip crop of one frame."""
        return crop_lips(picture, complex(self.scale_rotation[frame]), complex(self.shift[frame]), self.centre, size)


def track_face(points: NDArray[np.float32]) -> FaceTrack:
    """Stabilise a clip's landmarks.

    Args:
        points: Pixels, shape ``(T, 46, 2)`` in the order of `pase.video.landmarks.POINT_INDICES`; NaN in frames
            without a face.

    Returns:
        One transform per frame, and the lip points.

    Raises:
        UnusableClipError: No face, lost for more than `MAX_GAP` frames, jumping, or too small.
    """
    filled = fill_gaps(points)
    flat = filled[..., 0] + 1j * filled[..., 1]
    scale_rotation, shift = _fit(_smooth(flat[:, :_STABLE]))
    _check_motion(np.abs(scale_rotation), scale_rotation * (_CANONICAL.mean()) + shift)
    lips = (flat[:, _STABLE:] - shift[:, None]) / scale_rotation[:, None]
    centre = complex(lips[:, : len(OUTER_LIP_INDICES)].mean())
    lips = lips - centre
    return FaceTrack(scale_rotation, shift, centre, np.stack([lips.real, lips.imag], axis=-1).astype(np.float32))


def fill_gaps(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Bridge short gaps in landmarks: linearly inside, the nearest at the ends.

    Args:
        points: Shape ``(T, P, 2)``; NaN in frames without a face.

    Raises:
        UnusableClipError: No face at all, or a gap of more than `MAX_GAP` frames.
    """
    seen = np.isfinite(points).all(axis=(1, 2))
    if not seen.any():
        raise UnusableClipError("no_face", f"no face in any of {len(points)} frames")
    edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if end - start > MAX_GAP:
            raise UnusableClipError(
                "face_lost",
                f"no face in the {end - start} frames from number {start} on; at most {MAX_GAP} are bridged",
            )
    where = np.flatnonzero(seen)
    position = np.clip(np.arange(len(points)), where[0], where[-1])
    left = where[np.searchsorted(where, position, side="right") - 1]
    right = where[np.searchsorted(where, position, side="left")]
    weight = (position - left) / np.maximum(right - left, 1)
    exact = points.astype(np.float64)
    filled: NDArray[np.float64] = exact[left] + weight[:, None, None] * (exact[right] - exact[left])
    return filled


def crop_tracks(
    pictures: Iterable[Picture], tracks: Sequence[tuple[int, FaceTrack]], size: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The stabilised lip crops of the faces in a video, in one pass over its pictures.

    Args:
        pictures: The video's frames, RGB.
        tracks: The number of the first frame of each track, and the track; sorted by the number. Pictures beyond the
            last track are not asked for.
        size: Side of the crops in pixels.

    Yields:
        The place of a finished track in `tracks`, and its crops, RGB, shape ``(T, size, size, 3)``.

    Raises:
        UnusableClipError: There are fewer pictures than landmarks.
        ValueError: The tracks are not sorted.
    """
    if any(later < earlier for (earlier, _), (later, _) in pairwise(tracks)):
        raise ValueError(f"tracks have to be sorted by their first frames, got {[start for start, _ in tracks]}")
    waiting = deque(enumerate(tracks))
    under_way: list[tuple[int, int, FaceTrack, NDArray[np.uint8]]] = []
    for number, picture in enumerate(pictures):
        while waiting and waiting[0][1][0] == number:
            place, (start, track) = waiting.popleft()
            under_way.append((place, start, track, np.empty((len(track), size, size, 3), dtype=np.uint8)))
        for place, start, track, crops in under_way:
            crops[number - start] = track.crop(picture, number - start, size)
            if number - start == len(track) - 1:
                yield place, crops
        under_way = [entry for entry in under_way if number - entry[1] < len(entry[2]) - 1]
        if not waiting and not under_way:
            return
    raise UnusableClipError("bad_landmarks", "there are landmarks of more frames than the video has pictures")


def crop_lips(picture: Picture, scale_rotation: complex, shift: complex, centre: complex, size: int) -> Picture:
    """Cut the upright mouth out of one picture.

    Where a pixel of the crop covers several of the picture they are averaged; beyond the picture's edge its last pixels
    are repeated.

    Args:
        picture: RGB, shape ``(H, W, 3)``.
        scale_rotation: See `FaceTrack`.
        shift: See `FaceTrack`.
        centre: Of the crop, in canonical coordinates.
        size: Side of the crop in pixels.

    Returns:
        RGB, shape ``(size, size, 3)``.
    """
    step = scale_rotation * CROP_SIDE / size  # picture pixels per crop pixel, to the right
    corner = scale_rotation * (centre - CROP_SIDE * (0.5 + 0.5j)) + shift
    oversampling = max(1, math.ceil(abs(step)))
    fine = step / oversampling
    patch, left, top = _cut(picture, corner, step * size)
    image = Image.fromarray(patch).transform(
        (size * oversampling, size * oversampling),
        Image.Transform.AFFINE,
        (fine.real, -fine.imag, corner.real - left, fine.imag, fine.real, corner.imag - top),
        Image.Resampling.BICUBIC,
    )
    return np.asarray(image.reduce(oversampling) if oversampling > 1 else image)


def _cut(picture: Picture, corner: complex, side: complex) -> tuple[Picture, int, int]:
    """The part of the picture under the crop with a margin, edge pixels repeated, and where it begins (x, y)."""
    corners = corner + side * np.array([0, 1, 1j, 1 + 1j])
    left, top = math.floor(corners.real.min()) - 2, math.floor(corners.imag.min()) - 2
    columns = np.arange(left, math.ceil(corners.real.max()) + 3).clip(0, picture.shape[1] - 1)
    rows = np.arange(top, math.ceil(corners.imag.max()) + 3).clip(0, picture.shape[0] - 1)
    return np.ascontiguousarray(picture[rows[:, None], columns]), left, top


def _smooth(values: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Gaussian over time, shape ``(T, P)``; at the ends the first and last values are repeated."""
    reach = math.ceil(2 * _SMOOTHING)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTHING) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0)
    smooth: NDArray[np.complex128] = windows @ kernel
    return smooth


def _fit(stable: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Least-squares similarity from the canonical points to each frame's, shape ``(T, 6)``.

    Complex numbers make it linear regression: rotation and scale are one complex factor.
    """
    model = _CANONICAL - _CANONICAL.mean()
    middle = stable.mean(axis=1)
    factor = (stable - middle[:, None]) @ model.conj() / np.sum(np.abs(model) ** 2)
    return factor, middle - factor * _CANONICAL.mean()


def _check_motion(scale: NDArray[np.float64], middle: NDArray[np.complex128]) -> None:
    if np.median(scale) < MIN_EYE_DISTANCE:
        raise UnusableClipError(
            "face_small",
            f"the eyes are {np.median(scale):.1f} pixels apart; at least {MIN_EYE_DISTANCE:.0f} are needed",
        )
    jumps = np.abs(np.diff(middle)) / np.maximum(scale[1:], 1.0)
    if len(jumps) and jumps.max() > MAX_JUMP:
        raise UnusableClipError(
            "face_jump", f"the face jumps at frame {jumps.argmax() + 1}: a cut, or another face. Cut the clip there."
        )
