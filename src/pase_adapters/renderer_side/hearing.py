"""PASE in the place of a renderer's speech model, where it hears sound in real time."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from . import ring, windows
from .listening import RendererError
from .worker_pipe import Worker

if TYPE_CHECKING:
    from types import ModuleType

    from .imports import Changer
    from .orders import Hearing


def hear(orders: Hearing, changer: Changer) -> None:
    """Have the renderer's classes changed, so that PASE hears what its speech model would."""
    worker = Worker(list(orders.worker))
    for place in orders.loaders:
        module, name = place.split(":")
        changer.add(module, functools.partial(_replace_loader, name=name, worker=worker))
    module, name = orders.asr.split(":")
    changer.add(module, functools.partial(_change_asr, name=name, kind=orders.kind, worker=worker))


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
