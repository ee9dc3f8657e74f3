"""Gaussians drawn as pictures, differentiably, in plain PyTorch: for small pictures on a CPU. On a GPU gsplat does it.

Each Gaussian touches a window of pixels around its middle. What all of them add to all pixels is one list, sorted by
pixel and then by depth, along which light is composed from front to back (Kerbl and others 2023, "3D Gaussian
Splatting", equation 3).
"""

import importlib
import importlib.util
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 9
"""Side in pixels of the window that a Gaussian touches."""

MAX_SIGMA = WINDOW / 6
"""Largest standard deviation in pixels, at which a window reaches three of them."""

_TILE = 16
"""Side in pixels of gsplat's tiles."""

_LEAST = 1 / 255
"""Opacity at a pixel below which a Gaussian does not count."""


@dataclass(frozen=True)
class Splats:
    """Gaussians as one or several pictures see them.

    Attributes:
        middles: x and y in pixels, shape ``(B, N, 2)``; the first pixel's centre is at 0.5.
        covariances: In square pixels: xx, xy, yy, shape ``(B, N, 3)``.
        depths: Smaller is nearer, shape ``(B, N)``.
        opacities: In [0, 1], shape ``(B, N)``.
        colours: RGB, shape ``(B, N, 3)``.
    """

    middles: Tensor
    covariances: Tensor
    depths: Tensor
    opacities: Tensor
    colours: Tensor


def splat(splats: Splats, background: Tensor, pixels: Tensor | None = None) -> Tensor:
    """Draw Gaussians over a background.

    Args:
        splats: What to draw.
        background: RGB, shape ``(size, size, 3)``.
        pixels: Numbers of the wanted pixels, row by row, shape ``(B, P)``; None: all. Gaussians far from them
            cost nothing.

    Returns:
        RGB, shape ``(B, P, 3)``.
    """
    if splats.middles.is_cuda and importlib.util.find_spec("gsplat") is not None:
        drawn = splat_by_gsplat(splats, background)
        return drawn if pixels is None else drawn.gather(1, pixels[..., None].expand(-1, -1, 3))
    size = len(background)
    batch, count = splats.depths.shape
    order = (
        splats.depths.detach().argsort(dim=1) + count * torch.arange(batch, device=background.device)[:, None]
    ).view(-1)
    wanted = None if pixels is None else _wanted(pixels, size)
    if wanted is not None:
        order = order[_touching(splats.middles.detach().flatten(0, 1)[order], order // count, wanted)]
    middles = splats.middles.flatten(0, 1)[order]
    columns, lines = _window(middles[:, 0]), _window(middles[:, 1])
    inside = _there(lines, size)[:, :, None] & _there(columns, size)[:, None]
    places = ((order // count)[:, None] * size + lines)[:, :, None] * size + columns[:, None]
    if wanted is not None:
        inside &= wanted.view(-1)[places.clamp(0, batch * size * size - 1)]
    alphas = _alphas(
        middles, splats.covariances.flatten(0, 1)[order], splats.opacities.flatten()[order], columns, lines
    )
    seen = (inside & (alphas.detach() > _LEAST)).view(-1).nonzero()[:, 0]
    # Gaussians are in order of depth within a picture, and a stable sort by pixel keeps that.
    sorted_places, by_pixel = places.view(-1)[seen].sort(stable=True)
    listed = seen[by_pixel]
    colours = splats.colours.flatten(0, 1)[order[listed // WINDOW**2]]
    light = _compose(sorted_places, alphas.view(-1)[listed], colours, batch * size * size).view(batch, -1, 4)
    drawn = light[..., :3] + (1 - light[..., 3:]) * background.view(-1, 3)
    return drawn if pixels is None else drawn.gather(1, pixels[..., None].expand(-1, -1, 3))


def splat_by_gsplat(splats: Splats, background: Tensor) -> Tensor:
    """As `splat` draws all pixels, by gsplat's kernels, which need a GPU."""
    gsplat = importlib.import_module("gsplat")
    size, batch = len(background), len(splats.depths)
    tiles = math.ceil(size / _TILE)
    xx, xy, yy = splats.covariances.unbind(2)
    scale = 1 / (xx * yy - xy * xy)
    radii = torch.full_like(splats.middles, WINDOW // 2 + 1, dtype=torch.int32)
    near = splats.depths.detach()
    near = near - near.min() + 1  # gsplat sorts depths by their bits, which are in order for positive ones alone
    _, crossings, order = gsplat.isect_tiles(splats.middles.detach(), radii, near, _TILE, tiles, tiles)
    starts = gsplat.isect_offset_encode(crossings, batch, tiles, tiles).view(batch, tiles, tiles)
    light, share = gsplat.rasterize_to_pixels(
        *(splats.middles, torch.stack([yy * scale, -xy * scale, xx * scale], dim=2)),
        *(splats.colours, splats.opacities, size, size, _TILE, starts, order),
    )
    drawn: Tensor = light + (1 - share) * background
    return drawn.flatten(1, 2)


def _wanted(pixels: Tensor, size: int) -> Tensor:
    """Which pixels are wanted, shape ``(B, size, size)``."""
    empty = torch.zeros(len(pixels), size * size, dtype=torch.bool, device=pixels.device)
    return empty.scatter(1, pixels, value=True).view(-1, size, size)


def _touching(middles: Tensor, pictures: Tensor, wanted: Tensor) -> Tensor:
    """Which Gaussians have a wanted pixel in their windows: middles ``(M, 2)`` in the pictures of these numbers."""
    near = wanted.float()
    for side, edge in (((2 * WINDOW - 1, 1), (WINDOW - 1, 0)), ((1, 2 * WINDOW - 1), (0, WINDOW - 1))):
        near = F.max_pool2d(near[:, None], side, stride=1, padding=edge)[:, 0]
    column, row = middles.floor().long().clamp(0, wanted.shape[1] - 1).unbind(1)
    return (near[pictures, row, column] > 0).nonzero()[:, 0]


def _window(middles: Tensor) -> Tensor:
    """Numbers of the columns, or lines, that each Gaussian touches: shape ``(M, W)``."""
    return middles.detach().floor().long()[:, None] + torch.arange(WINDOW, device=middles.device) - WINDOW // 2


def _there(numbers: Tensor, size: int) -> Tensor:
    """Which columns or lines are in the picture."""
    return (numbers >= 0) & (numbers < size)


def _alphas(middles: Tensor, covariances: Tensor, opacities: Tensor, columns: Tensor, lines: Tensor) -> Tensor:
    """How much of the light each pixel of the windows gets from the Gaussian, shape ``(M, W, W)``, line by line."""
    xx, xy, yy = covariances.unbind(1)
    scale = 1 / (xx * yy - xy * xy)
    dx, dy = columns + 0.5 - middles[:, :1], lines + 0.5 - middles[:, 1:]
    # -1/2 of the square of Mahalanobis' distance: of columns, of lines, of both
    along, across = -0.5 * (yy * scale)[:, None] * dx * dx, -0.5 * (xx * scale)[:, None] * dy * dy
    both = torch.baddbmm(along[:, None] + across[:, :, None], ((xy * scale)[:, None] * dy)[:, :, None], dx[:, None])
    return (opacities[:, None, None] * both.exp()).clamp(max=0.99)


def _compose(places: Tensor, alphas: Tensor, colours: Tensor, pixels: int) -> Tensor:
    """Light of each pixel from a list sorted by pixel and depth: RGB and the share that comes from Gaussians."""
    fading = torch.log1p(-alphas).double()  # sums over the whole list: single precision would lose the last pixels'
    nearer = fading.cumsum(0) - fading
    first = torch.ones_like(places, dtype=torch.bool)
    first[1:] = places[1:] != places[:-1]
    start = first.nonzero()[:, 0]
    pixel = first.cumsum(0) - 1
    before = (nearer - nearer[start][pixel]).exp().to(alphas.dtype)
    weights = (alphas * before)[:, None]
    light = torch.cat([weights * colours, weights], dim=1)
    return light.new_zeros(pixels, 4).index_add(0, places, light)
