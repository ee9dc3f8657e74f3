"""The part of PASE that a renderer's own Python loads, 3.7 or newer, with nothing but NumPy and the renderer's torch.

Load this folder by its path, under any name, and call `install` before the renderer's script runs.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import ring, windows
from .imports import Changer
from .listening import RendererError
from .worker_pipe import Worker

if TYPE_CHECKING:
    from .imports import Change


def install(job: str) -> None:
    """Put PASE in the place of the renderer's speech model, as soon as the renderer imports it.

    Args:
        job: What `StreamHook.job` gave.
    """
    given = json.loads(job)
    worker = Worker(given["worker"])
    changes: dict[str, list[Change]] = defaultdict(list)
    for place in given["loaders"]:
        module, name = place.split(":")
        changes[module].append(functools.partial(_replace_loader, name=name, worker=worker))
    module, name = given["asr"].split(":")
    changes[module].append(functools.partial(_change_asr, name=name, kind=given["kind"], worker=worker))
    Changer(changes).install()


def _replace_loader(module: ModuleType, name: str, worker: Worker) -> None:
    _look_for(module, name)
    setattr(module, name, type(name, (_Nothing,), {"worker": worker}))


def _change_asr(module: ModuleType, name: str, kind: str, worker: Worker) -> None:
    """Change the class in place: others may hold it already."""
    cls = _look_for(module, name)
    build = cls.__init__

    @functools.wraps(build)
    def build_with_pase(self: Any, opt: Any, *arguments: Any, **named: Any) -> None:
        stream = worker.open()
        if kind == "ring":
            ring.prepare(opt, stream)
        build(self, opt, *arguments, **named)
        attach = ring.attach if kind == "ring" else windows.attach
        attach(self, stream)
        print(f"PASE: {module.__name__}.{name} hears through PASE, {stream.width} features")

    cls.__init__ = build_with_pase


def _look_for(module: ModuleType, name: str) -> Any:
    if not hasattr(module, name):
        raise RendererError(f"{module.__file__} has no {name}: PASE knows another version of it")
    return getattr(module, name)


class _Nothing:
    """Stands for a speech model that is not loaded; PASE's worker starts in its place."""

    worker: Worker

    def __init__(self, *_: Any, **__: Any) -> None:
        self.worker.start()

    @classmethod
    def from_pretrained(cls, *_: Any, **__: Any) -> _Nothing:
        """Load nothing."""
        return cls()

    def to(self, *_: Any, **__: Any) -> _Nothing:
        """Move nothing."""
        return self
