"""The renderers at hand, for the commands."""

import sys

from pase_adapters.registry import Registry, load_registry


def open_registry() -> Registry:
    """All renderers; a plug-in that had to be left out is told of on the error output."""
    registry = load_registry()
    for plugin in registry.skipped:
        print(f"pase-adapt: warning: left out {plugin.name or plugin.source}: {plugin.reason}", file=sys.stderr)
    return registry
