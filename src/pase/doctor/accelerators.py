"""GPUs: CUDA's and Apple's (MPS)."""

import shutil
import warnings
from collections.abc import Iterator

from pase.doctor.check import Result, Status

_DRIVER_PROGRAM = "nvidia-smi"
_SIZE = 64


def check_gpus() -> Iterator[Result]:
    """Each GPU by name and memory, with a product computed on it; a line where there is none."""
    import torch

    with warnings.catch_warnings(record=True) as said:  # CUDA's reasons come as warnings
        warnings.simplefilter("always")
        cuda = torch.cuda.is_available()
    if cuda:
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            named = f"{properties.name}, {properties.total_memory / 2**30:.1f} GiB"
            yield _computing(f"GPU cuda:{number}", f"cuda:{number}", named)
    elif torch.backends.mps.is_available():
        memory = torch.mps.recommended_max_memory() / 2**30
        yield _computing("GPU mps", "mps", f"Apple GPU, {memory:.1f} GiB for its use")
    elif shutil.which(_DRIVER_PROGRAM) is not None:
        yield _unused(torch.version.cuda, "; ".join(str(warning.message) for warning in said))
    else:
        found = "none (neither CUDA nor Apple's MPS): everything computes on the CPU"
        yield Result("GPU", Status.WARNING, found, "only training at full size needs one")


def _computing(name: str, device: str, named: str) -> Result:
    import torch

    try:
        ones = torch.ones(_SIZE, _SIZE, device=device)
        right = bool((ones @ ones == _SIZE).all())
    except RuntimeError as error:
        advice = "install a torch that was built for this GPU and its driver"
        return Result(name, Status.PROBLEM, f"{named}; computing on it fails: {error}", advice)
    if not right:
        return Result(name, Status.PROBLEM, f"{named}; it computes wrong results", "use another device")
    return Result(name, Status.OK, named)


def _unused(built_for: str | None, reason: str) -> Result:
    """There is a driver and torch does not use it."""
    built = f"torch was built for CUDA {built_for}" if built_for else "torch was built for the CPU alone"
    found = f"{_DRIVER_PROGRAM} is there, but torch finds no GPU; {built}"
    advice = f"if there is a GPU, install a torch that fits its driver ('{_DRIVER_PROGRAM}' tells its CUDA version)"
    return Result("GPU", Status.WARNING, f"{found}; {reason}" if reason else found, advice)
