"""The picture of a head without its mouth, drawn once per clip as a texture that the camera then moves.

The face is a height field (an ellipsoid with nose, brow, eye sockets, cheeks and chin) lit from one side; colours of
skin, brows, eyes, beard and hair are multiplied with that light. Lengths are in eye units.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.synthetic.identity import Colour, Face

Array = NDArray[np.floating[Any]]

TEXELS = 84
"""Texture elements per eye unit."""

LEFT, TOP, RIGHT, BOTTOM = -1.1, -1.45, 1.1, 1.55
"""What the texture shows, in eye units."""

LIDS = (0.0, 0.5, 1.0)
"""How far the eyes are closed in each of the textures that `draw_head` gives."""

EYE_OUTER, EYE_INNER = (0.5, 0.0), (0.18, 0.012)
"""Corners of the right eye; the left one mirrors it."""

BRIDGE_TOP, BRIDGE = (0.0, 0.005), (0.0, 0.13)
"""The two landmarks on the bridge of the nose."""


@dataclass(frozen=True, slots=True)
class Light:
    """Light on a face.

    Attributes:
        direction: Towards the light: right, down, to the camera.
        ambient: Brightness without the direct light, 0 ... 1.
        colour: Tint of the direct light.
    """

    direction: tuple[float, float, float]
    ambient: float
    colour: Colour


def draw_head(face: Face, light: Light, seed: int) -> Array:
    """Draw the head with open, half closed and closed eyes.

    Args:
        face: Whose head.
        light: How it is lit.
        seed: For the skin's grain and the strands of hair.

    Returns:
        Red, green, blue (multiplied by coverage) and coverage in 0 ... 1, shape ``(3, 4, H, W)``, one per `LIDS`.
    """
    u, v = _grid()
    rng = np.random.default_rng(seed)
    outline = _outline(face, u, v)
    shade = _shade(face, light, u, v)
    skin = _skin(face, u, v, rng)
    hair, strands = _hair(face, u, v, outline, rng)
    tresses = np.array(face.hair, dtype=np.float32)[:, None, None] * strands * (0.3 + 0.8 * shade)
    coverage = np.maximum(_cover(outline), hair)[None]
    hair = hair / coverage[0].clip(min=1e-3)  # at the outer edge of the hair there is no skin to blend with
    heads = []
    for lid in LIDS:
        picture = skin.copy()
        _draw_brows(picture, face, u, v)
        picture *= shade
        _draw_nostrils(picture, face, u, v)
        _draw_eyes(picture, face, u, v, lid, shade)
        _mix(picture, hair, tresses)
        heads.append(np.concatenate([picture.clip(0, 1) * coverage, coverage]))
    return np.stack(heads).astype(np.float32)


def _grid() -> tuple[Array, Array]:
    u = LEFT + (np.arange(round((RIGHT - LEFT) * TEXELS)) + 0.5) / TEXELS
    v = TOP + (np.arange(round((BOTTOM - TOP) * TEXELS)) + 0.5) / TEXELS
    grid_u, grid_v = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    return grid_u, grid_v


def _bump(u: Array, v: Array, at: tuple[float, float], size: tuple[float, float]) -> Array:
    return np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2)


def _cover(implicit: Array) -> Array:
    """Antialiased coverage of the region where `implicit` is negative."""
    down, right = np.gradient(implicit)
    return np.asarray((0.5 - implicit / np.sqrt(down**2 + right**2).clip(min=1e-6)).clip(0, 1))


def _outline(face: Face, u: Array, v: Array) -> Array:
    """Below zero inside the head: an ellipse above the cheek bones, a jaw of the face's squareness below."""
    wide = np.abs(u) / face.half_width
    cheek = -0.15
    above = ((cheek - v).clip(min=0) / (1.1 + cheek)) ** 2.2
    below = ((v - cheek).clip(min=0) / (face.chin - cheek)) ** face.squareness
    return np.asarray(wide**2.2 + above + below - 1)


def _shade(face: Face, light: Light, u: Array, v: Array) -> Array:
    """Brightness by the light on the height field, shape ``(3, H, W)``."""
    height = 0.8 * np.sqrt((1 - (u / 0.95) ** 2 - ((v - 0.1) / 1.55) ** 2).clip(min=0.02))
    along = ((v + 0.05) / (face.nose_length - 0.05)).clip(0, 1)
    under = 1 / (1 + np.exp(((v - face.nose_length) / 0.018).clip(-30, 30)))
    height += (
        (0.05 + 0.17 * along**1.3)
        * np.exp(-((u / (0.06 + 0.05 * along)) ** 2))
        * under
        / (1 + np.exp(-(v + 0.06) / 0.05))
    )
    for side in (-1, 1):
        height += 0.05 * _bump(u, v, (side * face.nose_width * 0.78, face.nose_length - 0.05), (0.055, 0.055))
        height -= 0.06 * _bump(u, v, (side * 0.33, -0.01), (0.2, 0.11))
        height += 0.035 * _bump(u, v, (side * 0.34, -0.22), (0.22, 0.07))
        height += 0.05 * _bump(u, v, (side * 0.45, 0.36), (0.18, 0.2))
    height += 0.05 * _bump(u, v, (0, face.mouth), (0.34, 0.17))
    height -= 0.04 * _bump(u, v, (0, face.mouth + 0.19), (0.2, 0.05))
    height += 0.06 * _bump(u, v, (0, face.chin - 0.16), (0.17, 0.12))
    height -= 0.012 * _bump(u, v, (0, (face.nose_length + face.mouth) / 2 - 0.02), (0.035, 0.08))  # philtrum
    slope_v, slope_u = np.gradient(height, 1 / TEXELS)
    towards = np.array(light.direction) / np.linalg.norm(light.direction)
    facing = (-slope_u * towards[0] - slope_v * towards[1] + towards[2]) / np.sqrt(1 + slope_u**2 + slope_v**2)
    direct = facing.clip(min=0)
    gloss = 0.10 * direct**24
    tint = np.array(light.colour, dtype=np.float32)[:, None, None]
    return np.asarray((light.ambient + (1 - light.ambient) * 1.12 * direct) * tint + gloss)


def _skin(face: Face, u: Array, v: Array, rng: np.random.Generator) -> Array:
    """Colour of the skin with blush, grain and beard, shape ``(3, H, W)``."""
    colour = np.array(face.skin, dtype=np.float32)[:, None, None] * np.ones_like(u)
    blush = sum(_bump(u, v, (side * 0.42, 0.36), (0.2, 0.16)) for side in (-1, 1)) + _bump(u, v, (0, 0.52), (0.12, 0.1))
    colour *= 1 - 0.08 * blush * np.array([0.0, 1.0, 0.9], dtype=np.float32)[:, None, None]
    colour *= 1 + 0.012 * rng.standard_normal(u.shape, dtype=np.float32)
    jaw = 1 / (1 + np.exp(-(v - face.nose_length - 0.1) / 0.05))
    stubble = jaw * (1 + 0.2 * rng.standard_normal(u.shape, dtype=np.float32))
    strength = (0.75 * face.beard * stubble).clip(0, 0.85)
    colour += strength * (np.array(face.hair, dtype=np.float32)[:, None, None] - colour)
    return colour


def _mix(picture: Array, coverage: Array, colour: Colour | Array) -> None:
    target = colour if isinstance(colour, np.ndarray) else np.array(colour, dtype=np.float32)[:, None, None]
    picture += coverage * (target - picture)


def _draw_brows(picture: Array, face: Face, u: Array, v: Array) -> None:
    side = np.abs(u)
    arch = -0.19 - 0.05 * np.sin(np.pi * ((side - 0.12) / 0.44).clip(0, 1))
    thick = face.brow * (1.15 - 0.7 * ((side - 0.12) / 0.44).clip(0, 1))
    along = ((side - 0.12) * 40).clip(0, 1) * ((0.57 - side) * 40).clip(0, 1)
    _mix(picture, along * np.exp(-(((v - arch) / thick) ** 2)) * 0.85, face.hair)


def _draw_nostrils(picture: Array, face: Face, u: Array, v: Array) -> None:
    side = np.abs(u)
    hole = _bump(side, v, (face.nose_width * 0.45, face.nose_length - 0.012), (0.045, 0.018))
    wing = np.exp(-(((side - face.nose_width) / 0.018) ** 2) - ((v - face.nose_length + 0.055) / 0.045) ** 2)
    base = np.exp(-(((v - face.nose_length - 0.012) / 0.02) ** 2) - (u / face.nose_width) ** 2)
    picture *= 1 - 0.75 * hole - 0.22 * wing - 0.18 * base


def _draw_eyes(picture: Array, face: Face, u: Array, v: Array, lid: float, shade: Array) -> None:
    """Both eyes, mirrored: white, iris, pupil, glint, lids and lashes, between the corners that are landmarks."""
    side = np.abs(u)
    (outer, outer_v), (inner, inner_v) = EYE_OUTER, EYE_INNER
    place = ((side - inner) / (outer - inner)).clip(0, 1)
    line = inner_v + (outer_v - inner_v) * place
    bulge = (4 * place * (1 - place)) ** 0.75
    lower = line + 0.65 * face.eye_height * bulge
    opened = line - 1.25 * face.eye_height * bulge
    upper = opened + lid * (lower - opened)
    inside = ((v - upper) * TEXELS + 0.5).clip(0, 1) * ((lower - v) * TEXELS + 0.5).clip(0, 1)
    inside *= (side > inner) & (side < outer) & (lower - upper > 0.3 / TEXELS)
    eye = np.empty_like(picture)
    eye[:] = np.array([0.93, 0.91, 0.89], dtype=np.float32)[:, None, None] * (0.45 + 0.55 * shade)
    eye *= 1 - 0.35 * np.exp(-(((v - opened) / 0.03) ** 2))
    centre, radius = 0.345, 0.064
    from_centre = np.hypot(side - centre, v + 0.012)
    ring = 0.75 + 0.45 * (from_centre / radius).clip(0, 1)
    disc = ((radius - from_centre) * TEXELS + 0.5).clip(0, 1)
    _mix(eye, disc, np.array(face.iris, dtype=np.float32)[:, None, None] * (1.5 - ring))
    _mix(eye, ((0.028 - from_centre) * TEXELS + 0.5).clip(0, 1), (0.03, 0.03, 0.03))
    glint = np.hypot(u - np.sign(u) * centre - 0.02, v + 0.035)
    _mix(eye, ((0.012 - glint) * TEXELS + 0.5).clip(0, 1) * 0.9, (1.0, 1.0, 1.0))
    _mix(picture, inside, eye)
    near = ((side > inner - 0.01) & (side < outer + 0.015)).astype(np.float32)
    _mix(picture, near * np.exp(-(((v - upper) / 0.012) ** 2)) * 0.75, (0.10, 0.07, 0.06))
    crease = np.exp(-(((v - opened + 0.045 * (1 - lid)) / 0.014) ** 2)) * bulge * near
    picture *= 1 - 0.22 * crease - 0.12 * near * np.exp(-(((v - lower - 0.012) / 0.014) ** 2))


def _hair(face: Face, u: Array, v: Array, outline: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Where there is hair, over the forehead and around the head, and how bright it is; both of shape ``(H, W)``."""
    skull = (np.abs(u) / (face.half_width + 0.05)) ** 2.3 + (np.abs(v + 0.1) / 1.12) ** 2.3 - 1
    noise: Array = rng.standard_normal((u.shape[1],), dtype=np.float32)
    strands = np.convolve(noise, np.ones(3) / 3, mode="same").astype(np.float32)
    hairline = -face.hairline + 0.5 * (np.abs(u) / face.half_width) ** 3 + 0.02 * strands
    cover = _cover(skull) * ((hairline - v) * 30 + 0.5).clip(0, 1)
    if face.long_hair:
        wide = face.half_width + 0.16
        mane = (u / wide) ** 4 + ((v - 0.05).clip(min=0) / 1.3) ** 4 + ((v - 0.05).clip(max=0) / 1.24) ** 4 - 1
        # Behind the face: it covers only what is not skin.
        cover = np.maximum(cover, _cover(mane) * (1 - _cover(outline)))
    shine = 0.75 + 0.45 * np.exp(-(((v + 0.85) / 0.22) ** 2)) + 0.08 * strands
    return np.asarray(cover), np.asarray(shine)
