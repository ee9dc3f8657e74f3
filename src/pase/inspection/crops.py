"""Lip crops as small pictures, with the landmarks drawn on them."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pase.video.landmarks import OUTER_LIP_INDICES
from pase.video.lip_crop import CROP_SIDE

_SIDE = 152
"""Pixels of a crop in a strip, which the page shows at half the size."""

_SHOWN = 0.72
"""Part of a crop's side that a strip shows: the mouth, and little around it."""

_GAP = 6  # pixels between two crops
_FINE = 3  # lines are drawn so much larger, then reduced, to be smooth
_OUTER, _INNER = (88, 214, 255), (255, 226, 84)


def crop_with_landmarks(lips: NDArray[np.uint8], points: NDArray[np.float32], side: int = _SIDE) -> Image.Image:
    """The middle of one lip crop, enlarged, with its outer and inner lip contours.

    Args:
        lips: uint8 RGB, shape ``(96, 96, 3)``.
        points: Lip landmarks, shape ``(40, 2)``, as in `pase.corpus.clip.Clip`.
        side: Of the picture in pixels.
    """
    fine = side * _FINE
    edge = len(lips) * (1 - _SHOWN) / 2
    box = (edge, edge, len(lips) - edge, len(lips) - edge)
    image = Image.fromarray(lips).resize((fine, fine), Image.Resampling.BICUBIC, box)
    draw = ImageDraw.Draw(image)
    place = crop_pixels(points, _SHOWN, fine)
    outer = len(OUTER_LIP_INDICES)
    for contour, colour in ((place[:outer], _OUTER), (place[outer:], _INNER)):
        corners = [(float(x), float(y)) for x, y in (*contour, contour[0])]
        draw.line(corners, fill=colour, width=_FINE * 3 // 2, joint="curve")
    return image.resize((side, side), Image.Resampling.BOX)


def crop_pixels(points: NDArray[np.float32], shown: float, side: int) -> NDArray[np.float64]:
    """Where lip landmarks lie in a picture of the middle of the crop.

    Args:
        points: In eye distances from the crop's centre, shape ``(..., 2)``.
        shown: Part of the crop's side that the picture shows.
        side: Of the picture in pixels.

    Returns:
        Pixels from the upper left corner, shape ``(..., 2)``.
    """
    return (points.astype(np.float64) / (CROP_SIDE * shown) + 0.5) * side


def strip_of(crops: Sequence[Image.Image]) -> bytes:
    """Pictures of one size side by side, as JPEG."""
    side = crops[0].width
    strip = Image.new("RGB", (len(crops) * (side + _GAP) - _GAP, side), "white")
    for number, crop in enumerate(crops):
        strip.paste(crop, (number * (side + _GAP), 0))
    buffer = io.BytesIO()
    strip.save(buffer, format="JPEG", quality=82)
    return buffer.getvalue()
