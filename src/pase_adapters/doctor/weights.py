"""What width was a trained renderer built for? Read from its checkpoint without running code from it."""

import pickle  # only for the error that torch raises
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pase.errors import InputError
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.spec import RendererSpec, Slot

if TYPE_CHECKING:
    import torch

_CONVOLUTION_AXES = 3
"""A first layer is a one-dimensional convolution: (outputs, feature width, kernel)."""


def read_audio_widths(path: Path, ending: str) -> dict[str, int]:
    """Feature width of each audio network in a checkpoint, by the name of its first weight.

    torch reads the structure with `weights_only`, weights stay where they are. Trainers put scores and learning rates
    in as NumPy numbers: of NumPy, those are let through and nothing else.

    Args:
        path: The renderer's checkpoint.
        ending: What the weight's name ends in.

    Raises:
        InputError: It is no checkpoint, damaged, or holds objects that only their own code can bring back.
    """
    content = _load(path)
    return {
        name: int(weight.shape[1])
        for name, weight in _weights(content)
        if f".{name}".endswith(f".{ending}") and weight.ndim == _CONVOLUTION_AXES
    }


def _load(path: Path) -> Any:
    import torch

    with torch.serialization.safe_globals(_numpy_numbers()), warnings.catch_warnings(action="ignore"):
        try:
            return torch.load(path, map_location="meta", weights_only=True, mmap=zipfile.is_zipfile(path))
        except pickle.UnpicklingError as error:
            raise InputError(f"{path} {_refusal(path)}") from error
        except Exception as error:  # bytes that are no checkpoint make torch raise anything at all
            raise InputError(
                f"{path} is damaged or no PyTorch checkpoint ({type(error).__name__}): give the file that the "
                f"renderer's training wrote"
            ) from error


def _numpy_numbers() -> list[Any]:
    """What brings a NumPy number back: `scalar` under its names of NumPy 1 and 2, and plain types of numbers."""
    scalar = np.float64(0).__reduce__()[0]
    plain = [type(np.dtype(kind)) for kind in ("?", "i4", "i8", "f2", "f4", "f8")]
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [*((scalar, name) for name in names), np.dtype, *plain]


def _refusal(path: Path) -> str:
    """Why torch would not read it, in words that never advise to run the file's code."""
    import torch

    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # noqa: BLE001  # as in `_load`
        names = []
    if not names:
        return "is damaged, or holds more than weights and numbers: give the file that the renderer's training wrote"
    return (
        f"holds objects that only code can bring back ({', '.join(sorted(names)[:3])}), which is not run. Save the "
        f"weights alone (the state_dict) from the renderer's own program and give that file"
    )


def _weights(content: Any, name: str = "") -> "Iterator[tuple[str, torch.Tensor]]":
    """All weights in nested dicts, tuples and lists, by the last name on their way.

    Structures may be shared or nested without end, so each is visited once and none by recursion.
    """
    import torch

    seen, left = set[int](), [(name, content)]
    while left:
        name, value = left.pop()
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            members = value.items() if isinstance(value, dict) else ((name, member) for member in value)
            left += [(str(key), member) for key, member in members]


def check_weights(
    path: Path, widths: dict[str, int], features: int | None, spec: RendererSpec, slot: Slot
) -> Iterator[Finding]:
    """Compare a trained renderer with the features and with the slot.

    Args:
        path: The checkpoint.
        widths: Its audio networks' feature widths.
        features: Width of the features; None: they are not there.
        spec: The renderer.
        slot: Its input.
    """
    if not widths:
        found = f"holds no weight that ends in {spec.audio_layer}: is it a checkpoint of {spec.name}?"
        yield Finding(Severity.WARNING, "no-audio-network", found, str(path), "give the checkpoint of the head")
    wanted = features if features is not None else slot.layout.width
    for name, width in widths.items():
        if wanted in (None, width):
            continue
        has = f"the features have {features}" if features is not None else f"the slot {slot.name} has {wanted}"
        found = f"{name} was trained on {width} features, {has}"
        yield Finding(Severity.ERROR, "width-against-weights", found, str(path), _way_out(width, spec))


def _way_out(width: int, spec: RendererSpec) -> str:
    fitting = [slot for slot in spec.slots if slot.layout.width == width]
    ways = [f"--slot {slot.name} here and {slot.switch or 'no switch'} for the renderer" for slot in fitting]
    launched = [f"--slot {slot.name} with features of width {width}" for slot in spec.slots if slot.launched]
    return f"{' or '.join(ways + launched) or 'other features'}; or train again"
