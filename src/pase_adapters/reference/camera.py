"""How a turned head is looked at: parallel rays through the square of the lip crop.

The lip crop already takes out shift, size and rotation in the picture (`pase.video.lip_crop`); what is left of the
head's motion is turning to a side and nodding. Space is measured in half crop sides: x to the right, y down, z away
from the viewer.
"""

import torch
from torch import Tensor


def rotations(poses: Tensor) -> Tensor:
    """Matrices ``(B, 3, 3)`` that carry points of the head into the camera's axes.

    Args:
        poses: Turn and nod in radians, shape ``(B, 2)``: the nose goes to the right and down in the picture.
    """
    (turn_sin, nod_sin), (turn_cos, nod_cos) = poses.sin().unbind(1), poses.cos().unbind(1)
    zero, one = torch.zeros_like(turn_sin), torch.ones_like(turn_sin)
    turn = torch.stack([turn_cos, zero, -turn_sin, zero, one, zero, turn_sin, zero, turn_cos], dim=1).view(-1, 3, 3)
    nod = torch.stack([one, zero, zero, zero, nod_cos, -nod_sin, zero, nod_sin, nod_cos], dim=1).view(-1, 3, 3)
    return nod @ turn


def pixel_centres(size: int) -> Tensor:
    """X and y of the pixels of a square picture, row by row, shape ``(size ** 2, 2)``, in [-1, 1]."""
    along = (torch.arange(size) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(along, along, indexing="ij")
    return torch.stack([x, y], dim=2).view(-1, 2)
