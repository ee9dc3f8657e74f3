"""What stays in full precision where a step is computed in half: sound, its augmentation, and the losses."""

import torch
from torch import Tensor


def full_precision(device: torch.device) -> torch.autocast:
    """A context without autocast: sums over spectra and softmaxes over candidates need their digits."""
    return torch.autocast(device.type, enabled=False)


def widened(values: Tensor) -> Tensor:
    """Half precision as single, everything else as it is."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
