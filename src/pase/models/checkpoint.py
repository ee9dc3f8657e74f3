"""Checkpoint folders: ``model.safetensors``, ``config.json`` and a model card. Loading runs no code from them."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pase.audio.waveform import SAMPLE_RATE
from pase.errors import InputError
from pase.files import make_folder, read_json, write_json, write_text
from pase.models.config import ModelConfig
from pase.models.model import PaseModel
from pase.phonemes.inventory import PHONES, VISEMES
from pase.torch_file import check_finite

FORMAT = 2
_FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint says of itself.

    Attributes:
        model: Sizes of the network.
        model_id: First 16 hexadecimal digits of the SHA-256 of the weights file.
        training: Free summary of data, steps and scores.
    """

    model: ModelConfig
    model_id: str
    training: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, model: PaseModel, training: Mapping[str, Any]) -> CheckpointInfo:
    """Write a checkpoint folder; an older one of the same name is replaced only when the new one is whole.

    Raises:
        InputError: The folder cannot be written, or exists and is something else.
    """
    if folder.exists() and not (folder / CONFIG).is_file() and any(folder.iterdir()):
        raise InputError(f"{folder} exists and is no checkpoint folder: choose another name")
    make_folder(folder.parent)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
        save_file(weights, draft / WEIGHTS)
        info = CheckpointInfo(model.config, _identity(draft / WEIGHTS), dict(training))
        write_json(draft / CONFIG, _describe(model, info))
        write_text(draft / CARD, _card(model, info))
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return info


def load_checkpoint(folder: Path) -> tuple[PaseModel, CheckpointInfo]:
    """Load a checkpoint folder on the CPU, in evaluation mode.

    Raises:
        InputError: Incomplete, damaged, from other software or from a newer format.
    """
    info = read_info(folder)
    try:
        weights = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{folder / WEIGHTS} is damaged or no safetensors file: {error}") from error
    check_fit(outline(info.model), weights, folder / WEIGHTS, "its config.json")
    model = PaseModel(info.model)
    model.load_state_dict(weights)
    return model.eval(), info


def read_info(folder: Path) -> CheckpointInfo:
    """Read what a checkpoint folder says of itself, without its weights.

    Raises:
        InputError: As `load_checkpoint`.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: expected a checkpoint folder with {WEIGHTS} and {CONFIG}")
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is no complete PASE checkpoint: {' and '.join(missing)} missing. "
            "`pase export LIGHTNING.ckpt FOLDER` makes one."
        )
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or config.get("software") != "pase":
        raise InputError(f'{folder / CONFIG} was not written by PASE (no entry "software": "pase")')
    if config.get("format") != FORMAT:
        raise InputError(
            f"{folder / CONFIG} has format {config.get('format')!r}, this version reads {FORMAT}: update pase-av"
        )
    if config.get("phones") != list(PHONES):
        raise InputError(f"{folder / CONFIG}: its phone inventory is not this version's")
    try:
        model = ModelConfig.from_json(config.get("model"))
    except InputError as error:
        raise InputError(f"{folder / CONFIG}: {error}") from error
    training = config.get("training") or {}
    if not isinstance(training, dict):
        raise InputError(f"{folder / CONFIG}: training is {training!r}, names and values were expected")
    return CheckpointInfo(model, _identity(folder / WEIGHTS), training)


def outline(config: ModelConfig) -> PaseModel:
    """The network without memory for its weights: to compare a file with, whatever sizes it claims."""
    with torch.device("meta"):
        return PaseModel(config)


def _identity(weights: Path) -> str:
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def check_fit(model: nn.Module, weights: Mapping[str, Any], where: Path, sizes: str) -> None:
    """Refuse weights that are not a network's.

    Args:
        model: See `outline`.
        weights: Name to tensor; from a stranger also to anything else.
        where: File of the weights.
        sizes: What told the sizes of the network.

    Raises:
        InputError: Names, shapes or types differ, or a weight is NaN or infinite.
    """
    odd = [name for name, value in weights.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise InputError(f"{where} holds {type(weights[odd[0]]).__name__} where the weight {odd[0]} was expected")
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise InputError(
            f"{where} does not fit {sizes}: {len(wrong)} tensors differ, the first is {name}: "
            f"expected {expected.get(name, 'none')}, found {found.get(name, 'none')}"
        )
    for name, value in model.state_dict().items():
        if weights[name].dtype not in (_FLOATS if value.is_floating_point() else (value.dtype,)):
            raise InputError(f"{where}: {name} is of {weights[name].dtype}, expected {value.dtype}")
    check_finite(weights, where)


def _describe(model: PaseModel, info: CheckpointInfo) -> dict[str, Any]:
    return {
        "software": "pase",
        "format": FORMAT,
        "model": info.model.to_json(),
        "features": {
            "width": info.model.dim,
            "rate_hz": model.audio.rate,
            "sample_rate_hz": SAMPLE_RATE,
            "look_ahead_ms": model.audio.look_ahead * 1000,
        },
        "phones": list(PHONES),
        "visemes": {name: list(phones) for name, phones in VISEMES.items()},
        "training": info.training,
    }


def _card(model: PaseModel, info: CheckpointInfo) -> str:
    count = sum(parameter.numel() for parameter in model.parameters())
    audio = sum(parameter.numel() for parameter in model.audio.parameters())
    facts = "\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in info.training.items())
    return f"""---
library_name: pase-av
tags: [speech, lip-sync, talking-head, viseme]
---
# PASE speech encoder {info.model_id}

Features for the audio hook of talking-head renderers: audio in, {info.model.dim} numbers every
{1000 / model.audio.rate:g} ms out, look-ahead {model.audio.look_ahead * 1000:g} ms. {count / 1e6:.2f} M parameters,
of which inference uses {audio / 1e6:.2f} M.

```python
import pase

track = pase.PASE.from_pretrained("this folder").encode(waveform, sample_rate)
rows = track.at_rate(25)  # one row per video frame
```

## Training
{facts or "- not recorded"}

Silence lies near zero, features have unit variance and stay within ±8. No transcript, phones or video are needed.
"""
