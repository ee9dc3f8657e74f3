"""What the launcher in PASE's Python tells the renderer's: plain values, as JSON on the command line."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


@dataclasses.dataclass(frozen=True)
class Widening:
    """Another width for the renderer's audio network.

    Attributes:
        renderer: Name of the renderer.
        module: Module of the network.
        cls: Its class.
        width_argument: Argument of its constructor that gives the width; empty: `first_layer` is replaced.
        first_layer: Dotted path of its first convolution, from the network; empty: `width_argument` is set.
        width: Features of a short frame.
        source: From where the width is known.
    """

    renderer: str
    module: str
    cls: str
    width_argument: str
    first_layer: str
    width: int
    source: str


@dataclasses.dataclass(frozen=True)
class Hearing:
    """PASE in the renderer's real-time path.

    Attributes:
        kind: ``ring`` or ``windows``, see `StreamHook`.
        asr: The class that collects the sound, as ``module:Class``.
        loaders: Classes that load the renderer's own speech model, as ``module:Class``.
        worker: Command that starts PASE.
    """

    kind: str
    asr: str
    loaders: tuple[str, ...]
    worker: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Orders:
    """What to change in a renderer; None: nothing."""

    widening: Widening | None = None
    hearing: Hearing | None = None

    def to_json(self) -> str:
        """As text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Orders:
        """From the text of `to_json`."""
        given: dict[str, Any] = json.loads(text)
        widening, hearing = given["widening"], given["hearing"]
        if hearing:
            hearing.update(loaders=tuple(hearing["loaders"]), worker=tuple(hearing["worker"]))
        return cls(widening and Widening(**widening), hearing and Hearing(**hearing))
