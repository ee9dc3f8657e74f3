"""From a Lightning checkpoint to a checkpoint folder for use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pase.errors import InputError
from pase.models.checkpoint import CheckpointInfo, check_fit, outline, save_checkpoint
from pase.models.config import ModelConfig
from pase.models.model import PaseModel
from pase.torch_file import read_torch_file


def export(checkpoint: Path, folder: Path, training: dict[str, Any]) -> CheckpointInfo:
    """Turn a Lightning checkpoint into a folder for use; the reconstruction network, which only trains, is left out.

    Raises:
        InputError: No Lightning checkpoint of this project, damaged, or with weights that are no finite numbers.
    """
    content = read_torch_file(checkpoint)
    if not isinstance(content, dict) or "pase_model" not in content:
        raise InputError(f"{checkpoint} was not written by `pase fit` (no entry pase_model)")
    try:
        config = replace(ModelConfig.from_json(content["pase_model"]), reconstruction=None)
    except InputError as error:
        raise InputError(f"{checkpoint}: {error}") from error
    state, steps, epochs = (content.get(name) for name in ("state_dict", "global_step", "epoch"))
    if not isinstance(state, dict) or not isinstance(steps, int) or not isinstance(epochs, int):
        raise InputError(f"{checkpoint} was not written by `pase fit` (no weights, or no number of steps and epochs)")
    prefix, left_out = "model.", "model.reconstruction."
    kept = {str(k): v for k, v in state.items() if str(k).startswith(prefix) and not str(k).startswith(left_out)}
    weights = {k.removeprefix(prefix): v for k, v in kept.items()}
    check_fit(outline(config), weights, checkpoint, "its own sizes")
    model = PaseModel(config)
    model.load_state_dict(weights)
    summary = {"steps": steps, "epochs": epochs + 1, **training}
    return save_checkpoint(folder, model.eval(), summary)
