"""Changing modules of a renderer in the moment when it imports them."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections import defaultdict
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Change = Callable[[ModuleType], None]


class Changer(importlib.abc.MetaPathFinder):
    """Changes modules once they have run; all others are left to the finders behind it."""

    def __init__(self) -> None:
        self._changes: dict[str, list[Change]] = defaultdict(list)

    def add(self, module: str, change: Change) -> None:
        """Have a module changed; changes of one module are made in the order in which they were added."""
        self._changes[module].append(change)

    def install(self) -> None:
        """Begin; modules that are there already are changed at once."""
        for name in sorted(self._changes.keys() & sys.modules.keys()):
            self._change(sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where Python would find the module, with a loader that changes it in the end."""
        if fullname not in self._changes:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None and found.origin is not None:
            found.loader = _Loader(fullname, found.origin, self._change)
        return found

    def _change(self, module: ModuleType) -> None:
        for change in self._changes[module.__name__]:
            change(module)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, change: Change) -> None:
        super().__init__(name, path)
        self._change = change

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self._change(module)
