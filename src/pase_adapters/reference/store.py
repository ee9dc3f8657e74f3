"""A trained reference renderer on disk: `model.safetensors`, and `model.json` that tells what it is."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from pase.errors import InputError
from pase.files import atomic_path, read_json, write_json
from pase.torch_file import check_finite
from pase_adapters.reference.gaussians import ReferenceGaussians
from pase_adapters.reference.model import ReferenceRenderer
from pase_adapters.reference.nerf import ReferenceNerf

KINDS: dict[str, type[ReferenceRenderer]] = {"reference-nerf": ReferenceNerf, "reference-3dgs": ReferenceGaussians}

FORMAT = 1

_MOST = {"width": 4096, "columns": 16, "size": 512}


def build(kind: str, width: int, size: int, mean: torch.Tensor) -> ReferenceRenderer:
    """A new renderer with random weights; see `ReferenceRenderer`."""
    return KINDS[kind](width, size, mean)


def save_model(folder: Path, model: ReferenceRenderer, told: dict[str, Any]) -> None:
    """Store a renderer and what features it was trained on, and what else is told of it."""
    kind = next(name for name, cls in KINDS.items() if type(model) is cls)
    with atomic_path(folder / "model.safetensors") as temporary:
        save_file({name: own.contiguous() for name, own in model.state_dict().items()}, temporary)
    about = {"size": model.size, "width": model.width, "columns": model.columns, "source": model.source}
    write_json(folder / "model.json", {"format": FORMAT, "renderer": kind, **about, **told})


def load_model(folder: Path) -> tuple[ReferenceRenderer, dict[str, Any]]:
    """Load a renderer, and what `model.json` tells of it.

    Raises:
        InputError: Missing or damaged.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no trained renderer: {path.name} not found. Train one by 'pase-adapt train'.")
    about = read_json(path)
    if not isinstance(about, dict) or about.get("format") != FORMAT or about.get("renderer") not in list(KINDS):
        raise InputError(f"{path} is no reference renderer of format {FORMAT}")
    for name, most in _MOST.items():
        if type(about.get(name)) is not int or not 1 <= about[name] <= most:
            raise InputError(f"{path} has the {name} {about.get(name)!r}, expected a whole number from 1 to {most}")
    if not isinstance(about.get("source"), str):
        raise InputError(f"{path} has the source {about.get('source')!r}, expected the id of a checkpoint, or nothing")
    model = build(about["renderer"], about["width"], about["size"], torch.zeros(about["size"], about["size"], 3))
    try:
        weights = load_file(folder / "model.safetensors")
        check_finite(weights, folder / "model.safetensors")
        model.load_state_dict(weights)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{folder / 'model.safetensors'} does not fit {path.name}, or is damaged: {error}") from error
    model.columns, model.source = about["columns"], about["source"]
    return model.eval(), about
