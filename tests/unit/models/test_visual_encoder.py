import pytest
import torch

from pase.models.config import VisualConfig
from pase.models.visual_encoder import VisualEncoder, resize_lips, with_margin

TABLE_TWO = VisualConfig("stacked", crop_size=96, width=1.0, stem_stride=1, standardise=False)


def test_table_two_shapes_and_size() -> None:
    """Paper Table II: 96 x 96 ends at one pixel of 512 channels, with about 9.9 M parameters."""
    encoder = VisualEncoder(512, TABLE_TWO).eval()
    assert sum(p.numel() for p in encoder.parameters()) == pytest.approx(9.9e6, rel=0.01)
    kernels = [
        (b.convolution.in_channels, b.convolution.out_channels, b.convolution.kernel_size[0], b.convolution.stride)
        for b in encoder.network.layers
        if not b.residual
    ]
    assert kernels == [
        (15, 32, 7, (1, 1)),
        (32, 64, 5, (1, 2)),
        (64, 128, 3, (2, 2)),
        (128, 256, 3, (2, 2)),
        (256, 512, 3, (2, 2)),
        (512, 512, 3, (2, 2)),
        (512, 512, 3, (4, 1)),
    ]
    assert encoder.network.layers(torch.zeros(1, 15, 96, 96)).shape == (1, 512, 1, 1)


@pytest.mark.parametrize("kind", ["stacked", "shared"])
@pytest.mark.parametrize(("size", "stride"), [(48, 1), (48, 2), (64, 2)])
def test_small_pictures(size: int, stride: int, kind: str) -> None:
    encoder = VisualEncoder(
        8, VisualConfig(kind=kind, crop_size=size, width=0.1, stem_stride=stride, collapse="mean")
    ).eval()
    assert encoder(torch.rand(2, 7, 3, size, size)).shape == (2, 3, 8)


@pytest.mark.parametrize("kind", ["stacked", "shared"])
def test_each_output_sees_five_frames_around_it(kind: str) -> None:
    encoder = VisualEncoder(8, VisualConfig(kind=kind, crop_size=48, width=0.1, stem_stride=2, collapse="mean")).eval()
    lips = torch.rand(1, 12, 3, 48, 48)
    changed = lips.clone()
    changed[0, 6] = 1 - changed[0, 6]  # with two frames of margin, this is output 4
    with torch.no_grad():
        different = (encoder(lips) != encoder(changed)).any(-1)[0]
    assert different.tolist() == [False, False, True, True, True, True, True, False]


def test_resizing_keeps_grey_and_range() -> None:
    lips = torch.full((1, 2, 96, 96, 3), 51, dtype=torch.uint8)
    small = resize_lips(lips, 48)
    assert small.shape == (1, 2, 3, 48, 48)
    assert torch.allclose(small, torch.tensor(0.2))


def test_margin_repeats_the_ends() -> None:
    lips = torch.arange(3).view(1, 3, 1)
    assert with_margin(lips).flatten().tolist() == [0, 0, 0, 1, 2, 2, 2]


def test_standardised_pictures_do_not_tell_light_from_dark() -> None:
    config = VisualConfig(kind="shared", crop_size=48, width=0.5, stem_stride=2, standardise=True)
    encoder = VisualEncoder(8, config).eval()
    lips = torch.rand(1, 7, 3, 48, 48)
    torch.testing.assert_close(encoder(lips * 0.4 + 0.3), encoder(lips), atol=1e-4, rtol=0)
