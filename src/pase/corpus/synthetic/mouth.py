"""The mouth: its contours from the articulators, its landmarks, and its picture.

All contours are curves v(u) across the mouth, so that a pixel's place between them, and with it an antialiased
coverage, is a subtraction. Lengths are in eye units (see `pase.corpus.synthetic.identity`).
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.synthetic.articulation import Articulators
from pase.corpus.synthetic.identity import Face

Array = NDArray[np.floating[Any]]

_WIDEST_GAP = 0.23  # lip gap at aperture 1
JAW_DROP = 0.2
"""How far the chin falls at jaw 1, in eye units."""

_INNER_WIDTH = 0.9  # the inner contour's corners, as a part of the outer contour's half width
_TEETH_EDGE = 0.03  # the upper teeth's edge below the closed lips' seam
_TOOTH = 0.085  # width of an incisor

# Where the landmarks of a contour lie across the mouth, from the image's left corner along one lip to the right.
_OUTER_LOWER = (-0.84, -0.62, -0.40, -0.19, 0.0, 0.19, 0.40, 0.62, 0.84)
_OUTER_UPPER = (-0.86, -0.64, -0.38, -0.16, 0.0, 0.16, 0.38, 0.64, 0.86)
_INNER = (-0.88, -0.68, -0.46, -0.22, 0.0, 0.22, 0.46, 0.68, 0.88)


@dataclass(frozen=True, slots=True)
class MouthShape:
    """The contours' parameters over time, each of shape ``(T,)``, in eye units."""

    half_width: Array
    corner: Array  # height of the corners
    seam: Array  # height at which the lips would meet in the middle
    above: Array  # gap above the seam
    below: Array  # gap below the seam
    upper: Array  # thickness of the upper lip
    lower: Array  # thickness of the lower lip
    roundness: Array  # 0 lens-shaped ... 1 elliptic opening
    jaw: Array  # fall of the lower teeth
    teeth: float  # height of the upper teeth's edge
    tongue: Array
    dental: Array

    @classmethod
    def of(cls, face: Face, pose: Articulators) -> "MouthShape":
        """Shape this face's mouth by articulator positions of ``T`` moments."""
        gap = _WIDEST_GAP * pose.aperture
        jaw = JAW_DROP * pose.jaw
        share = 0.3 + 0.3 * pose.raised  # the part of the gap that the upper lip opens
        stretch = 1 - 0.2 * pose.aperture
        thickness = stretch * (1 - 0.35 * pose.press) * (1 + 0.2 * pose.rounding)
        width = 1 + 0.1 * pose.spread - 0.3 * pose.rounding - 0.04 * pose.aperture

        def single(values: NDArray[np.float64]) -> Array:
            return values.astype(np.float32)

        return cls(
            half_width=single(face.mouth_half_width * width),
            corner=single(face.mouth + 0.3 * jaw - 0.015 * pose.spread),
            seam=single(face.mouth + 0.3 * jaw),
            above=single(share * gap),
            below=single((1 - share) * gap),
            upper=single(face.upper_lip * thickness * (1 - 0.15 * pose.raised)),
            lower=single(face.lower_lip * thickness * (1 - 0.4 * pose.tuck)),
            roundness=single(pose.rounding),
            jaw=single(jaw),
            teeth=face.mouth + _TEETH_EDGE,
            tongue=single(pose.tongue),
            dental=single(pose.dental),
        )

    def part(self, frames: slice) -> "MouthShape":
        """The shapes of some of the frames."""
        tracks: dict[str, Any] = {f.name: getattr(self, f.name)[frames] for f in fields(self) if f.name != "teeth"}
        return replace(self, **tracks)

    def contours(self, u: Array) -> tuple[Array, Array, Array, Array]:
        """Heights of the four contours: outer upper, inner upper, inner lower, outer lower.

        Args:
            u: Places across the mouth, shape ``(T, ...)``.

        Returns:
            Four arrays of the shape of `u`. Beyond the corners all four coincide.
        """
        shape = (-1,) + (1,) * (u.ndim - 1)
        s = (u / self.half_width.reshape(shape)).clip(-1, 1)
        across = 1 - s * s
        power = (1 - 0.4 * self.roundness).reshape(shape)
        bulge = across**power
        inner = (1 - (s / _INNER_WIDTH) ** 2).clip(min=0) ** power
        corner, seam = self.corner.reshape(shape), self.seam.reshape(shape)
        # The closed lips meet in a shallow bow: the upper lip's tubercle dips in the middle.
        line = corner + (seam - corner) * across + 0.012 * across * (np.exp(-((s / 0.22) ** 2)) - 0.35)
        bow = 1 - 0.2 * np.exp(-((s / 0.14) ** 2)) + 0.06 * np.exp(-(((np.abs(s) - 0.26) / 0.16) ** 2))
        above, below = self.above.reshape(shape), self.below.reshape(shape)
        outer_upper = line - above * bulge - self.upper.reshape(shape) * across**0.8 * bow
        outer_lower = line + below * bulge + self.lower.reshape(shape) * across**0.75
        return outer_upper, line - above * inner, line + below * inner, outer_lower

    def landmarks(self) -> Array:
        """The 40 lip landmarks (20 outer, 20 inner; from the left corner below to the right, back above).

        Returns:
            Eye units, shape ``(T, 40, 2)``.
        """
        outer = self._ring(1.0, _OUTER_LOWER, _OUTER_UPPER, (3, 0))
        inner = self._ring(_INNER_WIDTH, _INNER, _INNER, (2, 1))
        return np.concatenate([outer, inner], axis=1)

    def _ring(
        self, corner: float, lower: tuple[float, ...], upper: tuple[float, ...], contours: tuple[int, int]
    ) -> Array:
        parts = np.array([-1.0, *lower, 1.0, *upper[::-1]], dtype=np.float32) * np.float32(corner)
        u = self.half_width[:, None] * parts
        heights = self.contours(u)
        below = np.arange(20) <= 10
        return np.stack([u, np.where(below, heights[contours[0]], heights[contours[1]])], axis=-1)


def paint_mouth(picture: Array, u: Array, v: Array, shape: MouthShape, face: Face, light: Array, pixel: float) -> None:
    """Paint mouths over skin, in place.

    Args:
        picture: RGB in 0 ... 1, shape ``(T, 3, H, W)``.
        u: Each pixel's place on the face, eye units, shape ``(T, H, W)``.
        v: As `u`, downwards.
        shape: The ``T`` mouths.
        face: Whose mouth.
        light: Brightness of the surface, shape ``(T, 1, 1)``.
        pixel: Width of the camera's blur in eye units; the softness of all edges.
    """
    outer_upper, inner_upper, inner_lower, outer_lower = shape.contours(u)
    s = u / _column(shape.half_width)
    slope = np.sqrt(1 + (_gradient(outer_lower, u) ** 2).clip(max=9))

    def cover(distance: Array) -> Array:
        return (distance / pixel + 0.5).clip(0, 1)

    _shade_skin(picture, s, v, outer_upper, outer_lower, shape)
    within = cover((1 - np.abs(s)) * _column(shape.half_width))
    lips = cover((v - outer_upper) / slope) * cover((outer_lower - v) / slope) * within
    opening = cover(v - inner_upper) * cover(inner_lower - v) * (np.abs(s) < _INNER_WIDTH)
    # A gap below a pixel is a darker line rather than a black one.
    opening *= ((inner_lower - inner_upper) / pixel).clip(0, 1)
    middle = (inner_upper + inner_lower) / 2
    _blend(picture, lips, _lip_colour(s, v, outer_upper, middle, outer_lower, face, light))
    seam = np.exp(-(((v - middle) / (0.012 + 0.4 * pixel)) ** 2)) * (1 - s * s).clip(min=0) ** 0.3 * 0.6
    _blend(picture, seam * lips, _flat(face.lip, 0.3 * light))
    _blend(picture, opening, _inside(u, v, s, inner_upper, inner_lower, shape, light, pixel))


def _shade_skin(picture: Array, s: Array, v: Array, upper: Array, lower: Array, shape: MouthShape) -> None:
    """Shadow under the lower lip and at the corners, a light edge above the upper lip."""
    across = (1 - (s / 1.1) ** 2).clip(min=0)
    groove = np.exp(-(((v - lower - 0.045) / 0.04) ** 2)) * across * 0.16
    corners = np.exp(-(((np.abs(s) - 1.03) / 0.1) ** 2) - ((v - _column(shape.corner)) / 0.045) ** 2) * 0.25
    edge = np.exp(-(((v - upper + 0.014) / 0.014) ** 2)) * across * 0.06
    picture *= (1 - groove - corners + edge)[:, None]


def _lip_colour(s: Array, v: Array, upper: Array, middle: Array, lower: Array, face: Face, light: Array) -> Array:
    """The upper lip faces down and is darker; the lower lip catches the light."""
    over = v < middle
    place = np.where(
        over, (v - upper) / (middle - upper).clip(min=1e-3), (v - middle) / (lower - middle).clip(min=1e-3)
    )
    place = place.clip(0, 1)
    shade = np.where(over, 0.92 - 0.22 * place, 0.82 + 0.32 * np.sin(np.pi * place.clip(0, 1) ** 0.8) - 0.12 * place)
    gloss = np.where(over, 0, np.exp(-(((place - 0.42) / 0.2) ** 2)) * np.exp(-((s / 0.45) ** 2))) * 0.1
    return _flat(face.lip, shade * light) + (gloss * light)[:, None]


def _inside(
    u: Array, v: Array, s: Array, upper: Array, lower: Array, shape: MouthShape, light: Array, pixel: float
) -> Array:
    """The mouth's cavity with tongue and teeth, shape ``(T, 3, H, W)``."""

    def cover(distance: Array) -> Array:
        return (distance / (1.3 * pixel) + 0.5).clip(0, 1)

    depth = (1 - (s / _INNER_WIDTH) ** 2).clip(min=0)
    # Light falls in from the front; the upper lip casts a shadow on the teeth, protruded lips on all.
    reach = (
        (0.35 + 0.65 * depth)
        * (1 - 0.7 * _column(shape.roundness))
        * (0.55 + 0.45 * ((v - upper) / 0.05).clip(0, 1))
        * light
    )
    colour = _flat((0.16, 0.05, 0.05), np.ones_like(u))
    jaw, tongue, dental = _column(shape.jaw), _column(shape.tongue), _column(shape.dental)
    floor = shape.teeth + jaw
    tip = floor - 0.02 - tongue * (jaw + 0.015) + 0.5 * u * u
    _blend(colour, cover(v - tip) * (np.abs(u) < 0.2), _flat((0.72, 0.34, 0.34), reach * (0.75 + 0.25 * tongue)))
    lower_edge = floor - 0.008 + 0.25 * u * u
    _blend(colour, cover(v - lower_edge), _flat((0.86, 0.82, 0.74), reach * 0.8 * _tooth_gaps(u, 0.7)))
    upper_edge = shape.teeth - 0.22 * u * u - 0.006 * np.abs(np.sin(np.pi * u / _TOOTH))
    _blend(colour, cover(upper_edge - v) * (np.abs(u) < 0.24), _flat((0.95, 0.92, 0.85), reach * _tooth_gaps(u, 1.0)))
    between = cover(v - (shape.teeth - 0.02)) * cover(0.14 - np.abs(u)) * dental
    _blend(colour, between, _flat((0.80, 0.42, 0.41), (0.5 + 0.5 * depth) * light))
    return colour


def _tooth_gaps(u: Array, size: float) -> Array:
    phase = u / (_TOOTH * size)
    return np.asarray(1 - 0.16 * np.exp(-((np.abs(phase - np.round(phase)) / 0.12) ** 2)))


def _gradient(heights: Array, u: Array) -> Array:
    """Slope dv/du of a contour along the picture's rows."""
    return np.asarray(np.gradient(heights, axis=-1) / np.gradient(u, axis=-1).clip(min=1e-4))


def _column(values: Array) -> Array:
    return values[:, None, None]


def _flat(colour: tuple[float, float, float], shade: Array) -> Array:
    return shade[:, None] * np.array(colour, dtype=np.float32)[:, None, None]


def _blend(picture: Array, coverage: Array, colour: Array) -> None:
    colour -= picture  # every colour here is a fresh array
    colour *= coverage[:, None]
    picture += colour
