"""What both reference renderers promise."""

import pytest
import torch

from pase_adapters.reference.audio_net import CODE
from pase_adapters.reference.camera import pixel_centres, rotations
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.store import KINDS, build

SIZE = 16


@pytest.fixture(params=list(KINDS))
def renderer(request: pytest.FixtureRequest) -> ReferenceRenderer:
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(0.2, 0.8, SIZE), torch.linspace(0.2, 0.8, SIZE), indexing="ij")
    return build(request.param, 5, SIZE, torch.stack([x, y, 1 - x], dim=2)).eval()


def inputs(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, CODE), 0.1 * torch.randn(batch, 2)


@torch.inference_mode()
def test_begins_near_the_mean_picture(renderer: ReferenceRenderer) -> None:
    drawn = renderer.draw(torch.zeros(1, CODE), torch.zeros(1, 2))[0].view(SIZE, SIZE, 3)
    inner = slice(3, -3)
    assert (drawn - renderer.mean)[inner, inner].abs().mean() < 0.08


@torch.inference_mode()
def test_some_pixels_are_those_of_the_whole_picture(renderer: ReferenceRenderer) -> None:
    codes, poses = inputs(3)
    pixels = torch.stack([torch.randperm(SIZE * SIZE)[:20] for _ in range(3)])
    whole = renderer.draw(codes, poses).gather(1, pixels[..., None].expand(-1, -1, 3))
    torch.testing.assert_close(renderer.draw(codes, poses, pixels), whole, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_frames_do_not_depend_on_their_neighbours_in_a_batch(renderer: ReferenceRenderer) -> None:
    codes, poses = inputs(4)
    alone = torch.cat([renderer.draw(codes[k : k + 1], poses[k : k + 1]) for k in range(4)])
    torch.testing.assert_close(renderer.draw(codes, poses), alone, rtol=0, atol=1e-5)


def test_every_weight_learns(renderer: ReferenceRenderer) -> None:
    renderer.train()
    codes = renderer.audio.of_windows(torch.randn(2, 8, 16, 5))
    (renderer.draw(codes, 0.1 * torch.randn(2, 2)) * torch.randn(3)).sum().backward()
    still = [name for name, own in renderer.named_parameters() if own.grad is None or not own.grad.abs().sum()]
    assert not still
    grouped = {id(own) for group in renderer.rates() for own in group["params"]}
    assert {id(own) for own in renderer.parameters()} == grouped


def test_codes_of_single_frames_are_those_of_the_sequence(renderer: ReferenceRenderer) -> None:
    rows = torch.randn(12, 16, 5)
    around = torch.cat([torch.zeros(4, 16, 5), rows, torch.zeros(3, 16, 5)])
    windows = torch.stack([around[frame : frame + 8] for frame in range(12)])
    with torch.inference_mode():
        torch.testing.assert_close(renderer.audio.of_windows(windows), renderer.audio(rows[None])[0])


def test_cameras_turn_without_stretching() -> None:
    turned = rotations(torch.randn(5, 2))
    torch.testing.assert_close(turned @ turned.transpose(1, 2), torch.eye(3).expand(5, -1, -1), atol=1e-6, rtol=0)
    torch.testing.assert_close(rotations(torch.zeros(1, 2))[0], torch.eye(3))
    nose = torch.tensor([0.0, 0.0, -1.0])
    x, y, _ = rotations(torch.tensor([[0.3, 0.0]]))[0] @ nose
    assert (x > 0.2, y) == (True, 0)
    x, y, _ = rotations(torch.tensor([[0.0, 0.3]]))[0] @ nose
    assert (x, y > 0.2) == (0, True)


def test_pixels_are_numbered_row_by_row() -> None:
    centres = pixel_centres(4).view(4, 4, 2)
    torch.testing.assert_close(centres[0, :, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(centres[:, 2, 1], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
