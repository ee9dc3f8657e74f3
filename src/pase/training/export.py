"""From a Lightning checkpoint to a checkpoint folder for use."""

from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError  # only the exception; loading is with weights_only
from typing import Any

import torch

from pase.errors import InputError
from pase.models.checkpoint import CheckpointInfo, save_checkpoint
from pase.models.config import ModelConfig
from pase.models.model import PaseModel


def export(checkpoint: Path, folder: Path, training: dict[str, Any]) -> CheckpointInfo:
    """Turn a Lightning checkpoint into a folder for use; the reconstruction network, which only trains, is left out.

    Raises:
        InputError: No Lightning checkpoint of this project.
    """
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{checkpoint} does not exist") from error
    except (OSError, RuntimeError, ValueError, EOFError, ImportError, UnpicklingError) as error:
        raise InputError(f"{checkpoint} cannot be read as a checkpoint without running code: {error}") from error
    if not isinstance(content, dict) or "pase_model" not in content:
        raise InputError(f"{checkpoint} was not written by `pase fit` (no entry pase_model)")
    model = PaseModel(replace(ModelConfig.from_json(content["pase_model"]), reconstruction=None))
    prefix, left_out = "model.", "model.reconstruction."
    kept = {k: v for k, v in content["state_dict"].items() if k.startswith(prefix) and not k.startswith(left_out)}
    weights = {k.removeprefix(prefix): v for k, v in kept.items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{checkpoint} does not fit its own sizes: {error}") from error
    summary = {"steps": content["global_step"], "epochs": content["epoch"] + 1, **training}
    return save_checkpoint(folder, model.eval(), summary)
