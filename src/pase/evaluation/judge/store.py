"""A judge on disk: one safetensors file that also tells what it was trained on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from pase.errors import InputError
from pase.evaluation.judge.network import Judge
from pase.files import atomic_path
from pase.torch_file import check_finite

_FORMAT = "pase-judge-1"


@dataclass(frozen=True)
class LoadedJudge:
    """A judge and what is known of it.

    Attributes:
        model: In evaluation mode.
        identity: Name and hash of the file.
        about: What it was trained on, as the file tells.
    """

    model: Judge
    identity: str
    about: dict[str, Any]


def save_judge(path: Path, model: Judge, about: dict[str, Any]) -> None:
    """Write a judge."""
    with atomic_path(path) as temporary:
        weights = {name: own.detach().contiguous() for name, own in model.state_dict().items()}
        save_file(weights, temporary, {"format": _FORMAT, "about": json.dumps(about)})


def load_judge(path: Path) -> LoadedJudge:
    """Read a judge.

    Raises:
        InputError: Missing, damaged, or something else.
    """
    if not path.is_file():
        raise InputError(f"there is no judge {path}: train one by 'pase judge CORPUS --output {path}'")
    model = Judge()
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
        if told.get("format") != _FORMAT:
            raise InputError(f"{path} is no judge of lip sync: it was not written by 'pase judge'")
        weights = load_file(path)
        check_finite(weights, path)
        model.load_state_dict(weights)
        about = dict(json.loads(told["about"]))
    except (OSError, RuntimeError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the judge {path} is damaged: {error}") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return LoadedJudge(model.eval(), f"{path.name} {digest}", about)
