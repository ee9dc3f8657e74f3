"""Where a reference renderer computes."""

import torch

from pase.errors import InputError


def pick_device(name: str) -> torch.device:
    """The device of a name: ``auto`` (CUDA where there is any), ``cpu``, ``cuda`` or, of several, ``cuda:1``.

    Raises:
        InputError: There is no such device here.
    """
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if name == "auto":
        return torch.device("cuda" if gpus else "cpu")
    here = ["cpu", *(["cuda"] if gpus else []), *gpus]
    if name not in here:
        raise InputError(f"there is no device {name!r} here; there are {', '.join(here)}")
    return torch.device(name)
