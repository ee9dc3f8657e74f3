"""Filming: a head that moves before a background, its jaw and mouth following the articulators, seen by a camera.

Frame *i* shows the moment ``(i + 0.5) / 25`` seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from pase.corpus.synthetic import head
from pase.corpus.synthetic.articulation import Articulators
from pase.corpus.synthetic.head import Array, Light, draw_head
from pase.corpus.synthetic.identity import Face
from pase.corpus.synthetic.mouth import JAW_DROP, MouthShape, paint_mouth

SIZE = 192
"""Width and height of the picture in pixels."""

_BATCH = 8  # frames drawn at once: few, so that they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Scene:
    """What is not speech in a clip: place, light, camera and the head's movement.

    Attributes:
        light: Light on the face.
        background: Picture behind the head, RGB in 0 ... 1, shape ``(3, SIZE, SIZE)``.
        centre: Pixel of the face's origin in each frame, shape ``(T, 2)``.
        scale: Pixels per eye unit in each frame, shape ``(T,)``.
        angle: Roll of the head in each frame, radians, shape ``(T,)``.
        lids: Texture number of `head.LIDS` in each frame, shape ``(T,)``.
        brightness: Exposure of each frame, shape ``(T,)``.
        blur: Width of edges in pixels.
        noise: Standard deviation of the sensor's noise, in 0 ... 1.
        seed: For the grain of noise and skin.
    """

    light: Light
    background: Array
    centre: Array
    scale: Array
    angle: Array
    lids: NDArray[np.int64]
    brightness: Array
    blur: float
    noise: float
    seed: int

    def to_pixels(self, points: Array) -> Array:
        """Carry points on the face, eye units, shape ``(T, P, 2)``, to pixels (a pixel's middle is at .5)."""
        turned = points[..., 0] + 1j * points[..., 1]
        turned = turned * (self.scale * np.exp(1j * self.angle))[:, None] + _complex(self.centre)[:, None]
        return np.stack([turned.real, turned.imag], axis=-1).astype(np.float32)


def make_scene(rng: np.random.Generator, frames: int, face: Face) -> Scene:
    """Draw a scene of `frames` frames."""
    light = Light(
        direction=(rng.uniform(-0.7, 0.7), rng.uniform(-0.75, -0.1), 1.0),
        ambient=rng.uniform(0.3, 0.5),
        colour=(1.0, rng.uniform(0.93, 1.0), rng.uniform(0.85, 1.0)),
    )
    scale = rng.uniform(66, 74)
    origin = np.array([SIZE / 2, SIZE * 0.43]) + rng.uniform(-6, 6, 2)
    sway = _wander(rng, frames, 4) * np.array([3.0, 2.2, 0.012, 0.035])
    angle = rng.uniform(-0.05, 0.05) + sway[:, 3]
    centre = origin + sway[:, :2]
    return Scene(
        light=light,
        background=_draw_background(rng, face, light, origin, scale),
        centre=centre.astype(np.float32),
        scale=(scale * (1 + sway[:, 2])).astype(np.float32),
        angle=angle.astype(np.float32),
        lids=_blinks(rng, frames),
        brightness=(rng.uniform(0.88, 1.06) * (1 + 0.01 * _wander(rng, frames, 1)[:, 0])).astype(np.float32),
        blur=rng.uniform(1.0, 1.9),
        noise=rng.uniform(0.004, 0.016),
        seed=int(rng.integers(2**31)),
    )


def face_points(scene: Scene, face: Face, pose: Articulators) -> Array:
    """The 46 points of `pase.video.landmarks.POINT_INDICES` in pixels, shape ``(T, 46, 2)``."""
    (outer, outer_v), (inner, inner_v) = head.EYE_OUTER, head.EYE_INNER
    stable = np.array(
        [(-outer, outer_v), (-inner, inner_v), (inner, inner_v), (outer, outer_v), head.BRIDGE_TOP, head.BRIDGE],
        dtype=np.float32,
    )
    lips = MouthShape.of(face, pose).landmarks()
    return scene.to_pixels(np.concatenate([np.broadcast_to(stable, (len(lips), 6, 2)), lips], axis=1))


def film(scene: Scene, face: Face, pose: Articulators) -> Iterator[NDArray[np.uint8]]:
    """Film a clip.

    Args:
        scene: Scene of ``T`` frames.
        face: Whose face.
        pose: Articulators at the ``T`` frames' moments.

    Yields:
        ``T`` RGB pictures, uint8, shape ``(SIZE, SIZE, 3)``.
    """
    textures = torch.from_numpy(draw_head(face, scene.light, scene.seed))
    shapes = MouthShape.of(face, pose)
    grain = _Grain(scene)
    for start in range(0, len(scene.scale), _BATCH):
        part = slice(start, start + _BATCH)
        u, v = _face_coordinates(scene, part)
        picture = _draw_heads(textures, scene, part, u, v, JAW_DROP * pose.jaw[part].astype(np.float32), face)
        _draw_mouths(picture, scene, part, u, v, shapes, face)
        picture *= scene.brightness[part, None, None, None]
        yield from grain.expose(picture)


def _face_coordinates(scene: Scene, part: slice) -> tuple[Array, Array]:
    """Each pixel's place on the face, eye units, two arrays of shape ``(B, SIZE, SIZE)``."""
    pixels = np.arange(SIZE, dtype=np.float32) + np.float32(0.5)
    turn = np.exp(-1j * scene.angle[part]) / scene.scale[part]
    cos, sin = turn.real.astype(np.float32)[:, None, None], turn.imag.astype(np.float32)[:, None, None]
    x = pixels[None, None, :] - scene.centre[part, 0, None, None]
    y = pixels[None, :, None] - scene.centre[part, 1, None, None]
    return x * cos - y * sin, x * sin + y * cos


def _draw_heads(
    textures: torch.Tensor, scene: Scene, part: slice, u: Array, v: Array, drop: Array, face: Face
) -> Array:
    """Heads with fallen jaws over the background, shape ``(B, 3, SIZE, SIZE)``."""
    grid = np.empty((*u.shape, 2), dtype=np.float32)
    np.multiply(u - np.float32(head.LEFT), np.float32(2 / (head.RIGHT - head.LEFT)), out=grid[..., 0])
    np.multiply(_lift_jaw(u, v, drop, face) - head.TOP, np.float32(2 / (head.BOTTOM - head.TOP)), out=grid[..., 1])
    grid -= 1
    seen = functional.grid_sample(
        textures[torch.from_numpy(scene.lids[part])], torch.from_numpy(grid), align_corners=False
    )
    heads, coverage = seen[:, :3], seen[:, 3:]
    heads += (1 - coverage) * torch.from_numpy(scene.background)
    return np.asarray(heads.numpy())


def _lift_jaw(u: Array, v: Array, drop: Array, face: Face) -> Array:
    """Where on the face with a closed jaw each pixel of the face with a fallen jaw comes from.

    The jaw hinges before the ears: skin stretches from the mouth down to the chin, less towards the sides.
    """
    lifted = v.copy()
    top = face.mouth - 0.06
    first = int(np.flatnonzero((v > top).any(axis=(0, 2)))[0])
    u, v = u[:, first:], v[:, first:]
    down = ((v - np.float32(top)) * np.float32(1 / 0.42)).clip(0, 1)
    hinge = (1.15 - (u * np.float32(1 / face.half_width)) ** 2).clip(0, 1)
    lifted[:, first:] -= drop[:, None, None] * (down * down * (3 - 2 * down)) * hinge
    return lifted


def _draw_mouths(picture: Array, scene: Scene, part: slice, u: Array, v: Array, shapes: MouthShape, face: Face) -> None:
    """Paint the mouths of a batch into the smallest rectangle that holds them all."""
    near = (np.abs(u) < face.mouth_half_width * 1.35) & (v > face.mouth - 0.3) & (v < face.mouth + 0.48)
    rows, columns = (np.flatnonzero(near.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    window = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    level = scene.light.ambient + (1 - scene.light.ambient) * 0.95
    light = np.full((len(u), 1, 1), level, dtype=np.float32) * _side_light(scene, u[window])
    patch = picture[:, :, *window[1:]]
    pixel = float(scene.blur / scene.scale.mean())
    paint_mouth(patch, u[window], v[window], shapes.part(part), face, light, pixel)


def _side_light(scene: Scene, u: Array) -> Array:
    """The face turns away from the light towards its sides, lips and teeth with it."""
    return (1 + 0.35 * np.float32(scene.light.direction[0]) * u).astype(np.float32)


class _Grain:
    """Sensor noise: one bank of it, read from another place in each frame, which is much cheaper than new noise."""

    def __init__(self, scene: Scene) -> None:
        self._rng = np.random.default_rng(scene.seed)
        side = SIZE + 64
        bank = self._rng.standard_normal((3, side, side), dtype=np.float32)
        # Sensors interpolate colours, which spreads noise over neighbours, and share part of it between channels.
        bank = bank + np.roll(bank, 1, axis=1) + np.roll(bank, 1, axis=2) + bank.mean(axis=0, keepdims=True)
        self._bank = bank * (255 * scene.noise / bank.std())

    def expose(self, picture: Array) -> NDArray[np.uint8]:
        """Turn RGB in 0 ... 1, shape ``(B, 3, SIZE, SIZE)``, into noisy bytes ``(B, SIZE, SIZE, 3)``.

        The input is used up.
        """
        picture *= 255
        for frame, (row, column) in zip(picture, self._rng.integers(64, size=(len(picture), 2)), strict=True):
            frame += self._bank[:, row : row + SIZE, column : column + SIZE]
        picture += 0.5
        np.clip(picture, 0, 255, out=picture)
        return np.ascontiguousarray(np.moveaxis(picture.astype(np.uint8), 1, 3))


def _wander(rng: np.random.Generator, frames: int, channels: int) -> NDArray[np.float64]:
    """Smooth random movement about 0 with deviations of about 1, shape ``(frames, channels)``."""
    times = np.arange(frames)[:, None, None] / 25
    rates = rng.uniform(0.08, 0.9, (1, channels, 5))
    waves = np.sin(2 * np.pi * (rates * times + rng.uniform(0, 1, (1, channels, 5))))
    return np.asarray((waves / np.sqrt(1 + (2 * rates) ** 2)).sum(axis=2))


def _blinks(rng: np.random.Generator, frames: int) -> NDArray[np.int64]:
    """Eyelid state of each frame: a blink of five frames every two to six seconds."""
    lids = np.zeros(frames, dtype=np.int64)
    start = int(rng.integers(10, 90))
    while start < frames:
        shape = np.array([1, 2, 2, 1, 1])[: frames - start]
        lids[start : start + len(shape)] = shape
        start += int(rng.integers(50, 150))
    return lids


def _draw_background(
    rng: np.random.Generator, face: Face, light: Light, origin: NDArray[np.float64], scale: float
) -> Array:
    """A wall out of focus, with the neck and shoulders in front of it."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    wall = rng.uniform(0.15, 0.8) * (1 + rng.uniform(-0.15, 0.15, 3))
    picture = np.empty((SIZE, SIZE, 3), dtype=np.float32)
    picture[:] = wall
    tilt = rng.uniform(-0.25, 0.25, 2)
    picture *= (1 + tilt[0] * (x / SIZE - 0.5) + tilt[1] * (y / SIZE - 0.5))[..., None]
    for _ in range(int(rng.integers(0, 5))):
        at, size = rng.uniform(0, SIZE, 2), rng.uniform(12, 60, 2)
        spot = np.exp(-(np.abs((x - at[0]) / size[0]) ** 4) - np.abs((y - at[1]) / size[1]) ** 4)
        picture += (0.6 * spot)[..., None] * (rng.uniform(0.05, 0.85, 3) - picture)
    u, v = (x - origin[0]) / scale, (y - origin[1]) / scale
    shoulders = ((1.42 + 0.22 * u * u - v) * scale / 2 + 0.5).clip(0, 1)
    # Narrow where it meets the jaw, so that a moving head always hides its upper end.
    width = 0.36 + 0.14 * ((v - 0.95) / 0.3).clip(0, 1) + 0.25 * ((v - 1.25) / 0.35).clip(0, 1) ** 2
    neck = ((width - np.abs(u)) * scale / 2 + 0.5).clip(0, 1) * (v > 0.95)
    cloth = rng.uniform(0.08, 0.75, 3) * (1 - 0.2 * np.abs(u) ** 2)[..., None]
    shadow = 0.55 + 0.35 * ((v - face.chin) / 0.5).clip(0, 1) + 0.12 * light.direction[0] * u
    picture += (1 - shoulders)[..., None] * (v > 1)[..., None] * (cloth - picture)
    picture += (
        neck[..., None] * (v < 1.62 - 0.5 * u * u)[..., None] * (np.array(face.skin) * shadow[..., None] - picture)
    )
    return np.ascontiguousarray(np.moveaxis(picture.clip(0, 1), 2, 0), dtype=np.float32)


def _complex(points: Array) -> NDArray[np.complex64]:
    return points[..., 0] + 1j * points[..., 1]
