"""Weights that the user brings for a network of torchaudio."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from pase.errors import InputError
from pase.torch_file import check_finite, read_torch_file

_HEAD = "aux."
"""Start of the names of a CTC head."""

_NAMED = 3
"""Wrong names that a message lists."""


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a state dict in single precision, without a CTC head.

    Args:
        file: ``.safetensors``, or written by ``torch.save``. No code of it is run.

    Raises:
        InputError: The file is absent, is neither of these, or holds something else.
    """
    if not file.is_file():
        raise InputError(f"{file} does not exist or is not a file; expected weights (.safetensors or torch.save)")
    try:
        weights = load_file(file) if file.suffix == ".safetensors" else read_torch_file(file)
    except InputError as error:
        raise InputError(f"{file} cannot be read as weights: {error}") from error
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{file} cannot be read as weights: {reason}") from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise InputError(f"{file} holds no state dict: expected names with tensors only, as model.state_dict() gives")
    check_finite(weights, file)
    return {name: value.float() for name, value in weights.items() if not name.startswith(_HEAD)}


def assign_weights(model: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Give a network, which may be without memory (device ``meta``), its weights.

    Args:
        model: Built by torchaudio.
        weights: Of `read_weights`.
        file: Where they came from, for messages.

    Raises:
        InputError: They are those of another network.
    """
    try:
        missing, unexpected = model.load_state_dict(weights, strict=False, assign=True)
    except RuntimeError as error:
        raise InputError(f"{file} holds weights of another size: {str(error).splitlines()[-1].strip()}") from error
    if missing or unexpected:
        raise InputError(
            f"{file} does not hold the weights of this network in torchaudio's layout: {_listed('lacks', missing)}, "
            f"{_listed('holds unknown', unexpected)}. See pase.baselines.self_supervised for how to convert weights."
        )


def _listed(what: str, names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED]) or "nothing"
    return f"{what} {shown}" + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
