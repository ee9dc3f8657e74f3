"""Finding renderers: installed packages offer them by entry point, developers by an environment variable.

A plug-in that cannot be loaded is left out and reported, so that one bad package never takes the others away.
"""

import difflib
import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from pase.errors import InputError
from pase_adapters.spec import RendererSpec

GROUP = "pase_adapters.renderers"
"""Entry-point group: ``name = "module:SPEC"``."""

VARIABLE = "PASE_ADAPTERS"
"""Environment variable for renderers that are not installed: ``module:SPEC,module:SPEC``. They win over installed."""


@dataclass(frozen=True, slots=True)
class SkippedPlugin:
    """A plug-in that was left out.

    Attributes:
        source: Where it was offered.
        name: The name it was offered under, empty where only loading would have told.
        reason: Why it was left out.
    """

    source: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The renderers at hand, by name, and the plug-ins that were left out."""

    specs: dict[str, RendererSpec]
    skipped: tuple[SkippedPlugin, ...]

    def get(self, name: str) -> RendererSpec:
        """The renderer of that name.

        Raises:
            InputError: There is none (the nearest names are given), or its plug-in cannot be loaded.
        """
        if name in self.specs:
            return self.specs[name]
        for plugin in self.skipped:
            if plugin.name == name:
                raise InputError(f"the renderer {name} from {plugin.source} cannot be used: {plugin.reason}")
        near = difflib.get_close_matches(name.lower(), self.specs, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(sorted(self.specs))}."
        raise InputError(f"there is no renderer {name!r}. {hint} `pase-adapt --list` shows all.")


def load_registry() -> Registry:
    """Load every renderer that is offered by the environment variable or by an installed package."""
    specs: dict[str, RendererSpec] = {}
    skipped: list[SkippedPlugin] = []
    for source, name, plugin in _offers():
        try:
            spec = _load(name, plugin)
            if spec.name in specs:
                raise InputError(f"the name {spec.name} is already taken by another plug-in")
        except Exception as error:  # noqa: BLE001  # a plug-in is foreign code and may raise anything while imported
            skipped.append(SkippedPlugin(source, name, f"{type(error).__name__}: {error}"))
        else:
            specs[spec.name] = spec
    return Registry(dict(sorted(specs.items())), tuple(skipped))


def _offers() -> Iterator[tuple[str, str, EntryPoint]]:
    """Yield (source, name or empty, reference), the environment variable first."""
    for reference in filter(None, (part.strip() for part in os.environ.get(VARIABLE, "").split(","))):
        yield f"{VARIABLE}={reference}", "", EntryPoint("", reference, GROUP)
    for point in sorted(entry_points(group=GROUP)):
        package = point.dist.name if point.dist else "an unnamed package"
        yield f"{package} ({point.value})", point.name, point


def _load(name: str, plugin: EntryPoint) -> RendererSpec:
    module, _, attribute = plugin.value.partition(":")
    if not module or not attribute:
        raise InputError(f"expected module:SPEC, found {plugin.value!r}")
    value = getattr(importlib.import_module(module), attribute)
    if not isinstance(value, RendererSpec):
        raise InputError(f"expected a RendererSpec, found {type(value).__name__}")
    if name and value.name != name:
        raise InputError(f"the entry point is called {name} and its spec {value.name}; give both the same name")
    return value
