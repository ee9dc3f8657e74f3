"""Gaussians drawn by the sorted list against a picture composed one Gaussian after the other."""

import sys
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pase_adapters.reference.splatting import WINDOW, Splats, splat, splat_by_gsplat


def scene(count: int, size: int, batch: int = 2, seed: int = 0) -> tuple[Splats, Tensor]:
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(batch, count, *shape, generator=random, dtype=torch.float64)

    spread = torch.stack([draw() + 0.4, 0.3 * (draw() - 0.5), draw() + 0.4], dim=2)
    middles = (draw(2) * 1.4 - 0.2) * size  # some lie beyond the picture
    background = torch.rand(size, size, 3, generator=random, dtype=torch.float64)
    return Splats(middles, spread, draw(), draw(), draw(3)), background


def one_by_one(splats: Splats, background: Tensor, picture: int) -> Tensor:
    size = len(background)
    light, left = torch.zeros(size * size, 3, dtype=torch.float64), torch.ones(size * size, dtype=torch.float64)
    for number in splats.depths[picture].argsort():
        x, y = splats.middles[picture, number].tolist()
        xx, xy, yy = splats.covariances[picture, number]
        inverse = torch.linalg.inv(torch.stack([torch.stack([xx, xy]), torch.stack([xy, yy])]))
        for row in range(size):
            for column in range(size):
                if abs(column - int(x // 1)) > WINDOW // 2 or abs(row - int(y // 1)) > WINDOW // 2:
                    continue
                away = torch.tensor([column + 0.5 - x, row + 0.5 - y], dtype=torch.float64)
                alpha = float(splats.opacities[picture, number] * torch.exp(-0.5 * away @ inverse @ away))
                alpha = min(alpha, 0.99)
                if alpha <= 1 / 255:
                    continue
                place = row * size + column
                light[place] += left[place] * alpha * splats.colours[picture, number]
                left[place] *= 1 - alpha
    return light + left[:, None] * background.view(-1, 3)


def test_a_scene_equals_one_gaussian_after_the_other() -> None:
    splats, background = scene(40, 12)
    drawn = splat(splats, background)
    for picture in (0, 1):
        torch.testing.assert_close(drawn[picture], one_by_one(splats, background, picture), rtol=0, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 60), wanted=st.integers(1, 100), seed=st.integers(0, 1000))
def test_some_pixels_are_those_of_the_whole_picture(count: int, wanted: int, seed: int) -> None:
    splats, background = scene(count, 16, seed=seed)
    random = torch.Generator().manual_seed(seed)
    pixels = torch.stack([torch.randperm(256, generator=random)[:wanted] for _ in range(2)])
    whole = splat(splats, background).gather(1, pixels[..., None].expand(-1, -1, 3))
    torch.testing.assert_close(splat(splats, background, pixels), whole, rtol=0, atol=1e-12)


def test_no_gaussian_in_sight_leaves_the_background() -> None:
    splats, background = scene(3, 8)
    far = Splats(splats.middles + 1000, splats.covariances, splats.depths, splats.opacities, splats.colours)
    torch.testing.assert_close(splat(far, background), background.view(1, -1, 3).expand(2, -1, -1))


@pytest.mark.parametrize("name", ["middles", "covariances", "opacities", "colours"])
def test_gradients_are_those_of_small_changes(name: str) -> None:
    splats, background = scene(5, 7, batch=1)
    parts = {key: getattr(splats, key) for key in ("middles", "covariances", "depths", "opacities", "colours")}

    def drawn(values: Tensor) -> Tensor:
        return splat(Splats(**{**parts, name: values}), background)

    assert torch.autograd.gradcheck(drawn, parts[name].clone().requires_grad_(), eps=1e-7, atol=1e-4)


def _tiles(middles, radii, depths, tile, columns, rows):
    """As gsplat documents it: every Gaussian in every tile that its box touches, by picture, tile and depth."""
    found = []
    for picture, number in torch.cartesian_prod(*map(torch.arange, depths.shape)).tolist():
        (x, y), (reach_x, reach_y) = middles[picture, number].tolist(), radii[picture, number].tolist()
        across = range(max(0, int((x - reach_x) // tile)), min(columns, int((x + reach_x) // tile) + 1))
        down = range(max(0, int((y - reach_y) // tile)), min(rows, int((y + reach_y) // tile) + 1))
        bits = int(depths[picture, number].float().view(torch.int32))
        flat = picture * depths.shape[1] + number
        found += [(picture * rows * columns + row * columns + column, bits, flat) for row in down for column in across]
    found.sort()
    keys = torch.tensor([key for key, _, _ in found])
    return None, keys, torch.tensor([flat for _, _, flat in found])


def _starts(keys, pictures, columns, rows):
    return torch.searchsorted(keys, torch.arange(pictures * rows * columns))


def _rasterise(middles, conics, colours, opacities, width, height, tile, starts, order):
    """Front to back along each tile's list (Kerbl and others 2023, equation 3)."""
    batch = len(starts)
    ends = torch.cat([starts.flatten()[1:], torch.tensor([len(order)])]).view(starts.shape)
    light, left = torch.zeros(batch, height, width, 3).double(), torch.ones(batch, height, width, 1).double()
    flat = [one.flatten(0, 1) for one in (middles, conics, colours, opacities)]
    for picture, y, x in torch.cartesian_prod(*map(torch.arange, (batch, height, width))).tolist():
        where = picture, y // tile, x // tile
        for number in order[starts[where] : ends[where]].tolist():
            middle, (a, b, c), colour, opacity = (one[number] for one in flat)
            dx, dy = (torch.tensor([x + 0.5, y + 0.5]).double() - middle).tolist()
            alpha = float(opacity * torch.exp(-(0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy)))
            if alpha >= 1 / 255:
                light[picture, y, x] += left[picture, y, x] * alpha * colour
                left[picture, y, x] *= 1 - min(alpha, 0.999)
    return light, 1 - left


def test_gsplat_is_asked_for_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own kernels need a GPU; here its three functions are written out as its documentation has them."""
    stand_in = SimpleNamespace(isect_tiles=_tiles, isect_offset_encode=_starts, rasterize_to_pixels=_rasterise)
    monkeypatch.setitem(sys.modules, "gsplat", stand_in)
    splats, background = scene(30, 20)
    small = Splats(
        *(splats.middles, 0.4 * splats.covariances, splats.depths - 0.5, 0.9 * splats.opacities, splats.colours)
    )
    torch.testing.assert_close(splat_by_gsplat(small, background), splat(small, background), rtol=0, atol=2e-3)
