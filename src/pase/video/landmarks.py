"""Which points of the MediaPipe face mesh PASE uses, and how they are named."""

import numpy as np
from numpy.typing import NDArray

LEFT_EYE_OUTER, LEFT_EYE_INNER = 33, 133
"""Corners of the eye on the left of the picture (the person's right)."""

RIGHT_EYE_INNER, RIGHT_EYE_OUTER = 362, 263

NOSE_BRIDGE_TOP, NOSE_BRIDGE = 168, 6

STABLE_INDICES = (LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER, NOSE_BRIDGE_TOP, NOSE_BRIDGE)
"""Points that move with the skull and not with speech: eye corners and the bridge of the nose."""

OUTER_LIP_INDICES = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    *(409, 270, 269, 267, 0, 37, 39, 40, 185),
)  # fmt: skip
"""Outer lip contour from the left corner of the picture along the lower lip and back along the upper one."""

INNER_LIP_INDICES = (
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    *(415, 310, 311, 312, 13, 82, 81, 80, 191),
)  # fmt: skip
"""Inner lip contour, in the same order as the outer one."""

LIP_INDICES = OUTER_LIP_INDICES + INNER_LIP_INDICES
"""The 40 lip points of a `pase.corpus.clip.Clip`, in its order."""

POINT_INDICES = STABLE_INDICES + LIP_INDICES
"""The 46 mesh points that preparation keeps; a sidecar file `<clip>.landmarks.npz` has them in this order."""

MESH_POINTS = 478
"""Points of the full MediaPipe face mesh, irises included."""

LIP_POSITION = {index: position for position, index in enumerate(LIP_INDICES)}
"""Mesh index of a lip point to its row among `LIP_INDICES`."""

INNER_TOP, INNER_BOTTOM = LIP_POSITION[13], LIP_POSITION[14]
"""Rows of the middle of the upper and of the lower inner lip."""

MOUTH_LEFT, MOUTH_RIGHT = LIP_POSITION[61], LIP_POSITION[291]
"""Rows of the mouth's outer corners."""


def lip_gap(lip_points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance between the inner lips at the middle of the mouth, the aperture of the bilabial test.

    Args:
        lip_points: Shape ``(..., 40, 2)`` in the order of `LIP_INDICES`.

    Returns:
        Shape ``(...,)`` in the unit of the points (eye distances for a prepared clip).
    """
    gap: NDArray[np.float32] = np.linalg.norm(
        lip_points[..., INNER_TOP, :] - lip_points[..., INNER_BOTTOM, :], axis=-1
    ).astype(np.float32)
    return gap


def lip_displacement(lip_points: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each lip point is from where it is on average in its clip, in widths of this mouth.

    A person's resting face is nothing that sound tells, so it is not asked for.

    Args:
        lip_points: Of one clip, shape ``(T, 40, 2)`` in the order of `LIP_INDICES`.

    Returns:
        x and y of each point, shape ``(T, 80)``; its mean over the clip is zero.
    """
    points = lip_points.astype(np.float64)
    width = np.linalg.norm(points[:, MOUTH_RIGHT] - points[:, MOUTH_LEFT], axis=-1).mean()
    moved = (points - points.mean(axis=0)) / max(float(width), 1e-6)
    return np.asarray(moved.reshape(len(points), -1), dtype=np.float32)
