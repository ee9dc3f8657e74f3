"""The half of the launcher that runs in the renderer's Python: changes the audio network's width, runs the script.

Started by `start.py` in the checkout, as ``python child.py ORDERS SCRIPT ARGUMENT...`` with the `Orders` in JSON. The
renderer's Python need not have PASE and may be as old as 3.7: only its standard library is used here.

The class is changed when the renderer itself has imported it, and not before: what the script sets up first (devices,
seeds, paths) stays as it would be without the launcher. It is changed in place, since these classes name themselves,
``super(AudioNet, self)``, which breaks when another class takes the name.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import runpy
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any, NoReturn


@dataclasses.dataclass(frozen=True)
class Orders:
    """What to change, and what to say of it.

    Attributes:
        renderer: Name of the renderer.
        module: Module of the audio network; empty: it keeps its width.
        cls: Its class.
        width_argument: Argument of its constructor that gives the width; empty: `first_layer` is replaced.
        first_layer: Dotted path of its first convolution, from the network; empty: `width_argument` is set.
        width: Features of a short frame.
        source: From where the width is known.
        install: Python file with a function `install(job)`, called before the script; empty: none.
        job: What it takes.
    """

    renderer: str
    module: str = ""
    cls: str = ""
    width_argument: str = ""
    first_layer: str = ""
    width: int = 0
    source: str = ""
    install: str = ""
    job: str = ""


class Widener:
    """Makes the audio network as wide as the features, and says once that it did, or that it never came to it."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self._imported = self._built = False

    def widen(self, module: ModuleType) -> None:
        """Wrap the constructor of the class, the class itself staying what it is.

        Raises:
            SystemExit: The module has no such class, or its constructor no such argument.
        """
        self._imported = True
        orders, network = self.orders, getattr(module, self.orders.cls, None)
        if not isinstance(network, type):
            self._refuse(module, "no such class")
        construct: Callable[..., None] = network.__init__  # type: ignore[misc]
        signature = inspect.signature(construct)
        if orders.width_argument and orders.width_argument not in signature.parameters:
            self._refuse(module, f"its arguments are {', '.join(list(signature.parameters)[1:])}")

        @functools.wraps(construct)
        def widened(self_: Any, *given: Any, **named: Any) -> None:
            if orders.width_argument:
                call = signature.bind(self_, *given, **named)
                call.apply_defaults()
                own = call.arguments[orders.width_argument]
                call.arguments[orders.width_argument] = orders.width
                construct(*call.args, **call.kwargs)
            else:
                construct(self_, *given, **named)
                own = replace_first_layer(self_, orders.first_layer, orders.width)
            self._say_built(own)

        network.__init__ = widened  # type: ignore[misc]
        self._warn_without_cuda()

    def finish(self) -> None:
        """Say so at the end of the process if the width was never used."""
        orders = self.orders
        if not self._imported:
            self._warn_without_cuda()  # its extensions may be what kept the script from coming that far
        if not self._built:
            _warn(
                f"{sys.argv[0]} under {sys.executable} never built {orders.cls} of {orders.module}: the width "
                f"{orders.width} was not used"
            )

    def _say_built(self, own: int) -> None:
        if not self._built:
            orders = self.orders
            print(
                f"pase-adapt: {orders.cls} of {orders.module} takes {orders.width} features a frame instead of {own}: "
                f"by {orders.source}",
                flush=True,
            )
        self._built = True

    def _refuse(self, module: ModuleType, found: str) -> NoReturn:
        orders = self.orders
        wanted = f" with the argument {orders.width_argument}" if orders.width_argument else ""
        atexit.unregister(self.finish)
        raise SystemExit(
            f"pase-adapt: error: expected the class {orders.cls}{wanted} in {module.__file__}, found: {found}. Is this "
            f"a checkout of {orders.renderer}, at the commit that docs/renderer-facts.md names?"
        )

    def _warn_without_cuda(self) -> None:
        # The renderer's torch is asked, and only where the renderer has loaded it.
        torch = sys.modules.get("torch")
        if torch is not None and not torch.cuda.is_available():
            _warn(
                f"{self.orders.renderer} needs an NVIDIA GPU with CUDA, and the torch {torch.__version__} of "
                f"{sys.executable} finds none. Going on, to where it calls CUDA"
            )


def replace_first_layer(network: Any, path: str, width: int) -> int:
    """Put a convolution of the same kind with `width` inputs in the place of a network's first; return its own width.

    Args:
        network: A `torch.nn.Module`.
        path: Dotted path of the convolution, from the network.
        width: Features that it shall take.

    Raises:
        SystemExit: There is no convolution.
    """
    *parents, name = path.split(".")
    try:
        parent = functools.reduce(getattr, parents, network)
        old = getattr(parent, name)
        new = type(old)(
            width,
            old.out_channels,
            kernel_size=old.kernel_size,
            stride=old.stride,
            padding=old.padding,
            dilation=old.dilation,
            groups=old.groups,
            bias=old.bias is not None,
            padding_mode=old.padding_mode,
        )
    except AttributeError as error:
        raise SystemExit(
            f"pase-adapt: error: expected a convolution at {path} of {type(network).__name__}: {error}"
        ) from error
    setattr(parent, name, new.to(old.weight.device, old.weight.dtype))
    return int(old.in_channels)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module as ever, then widens its class."""

    def __init__(self, name: str, path: str, widener: Widener) -> None:
        super().__init__(name, path)
        self._widener = widener

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self._widener.widen(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the one module whose class is to be widened; all others are left to the finders behind it."""

    def __init__(self, widener: Widener) -> None:
        self._widener = widener

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where Python would find the module, with a loader that widens its class."""
        if fullname != self._widener.orders.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None and found.origin is not None:
            found.loader = _Loader(fullname, found.origin, self._widener)
        return found


def _warn(text: str) -> None:
    print("pase-adapt: warning: " + text + ".", file=sys.stderr, flush=True)


def main() -> None:
    """Run the script as ``python SCRIPT ARGUMENT...`` would, with what the orders change."""
    orders = Orders(**json.loads(sys.argv[1]))
    del sys.argv[:2]
    if not getattr(sys.flags, "safe_path", False):  # under which Python leaves out the script's folder
        sys.path[0] = os.path.dirname(os.path.realpath(sys.argv[0]))  # noqa: PTH120
    if orders.module:
        widener = Widener(orders)
        sys.meta_path.insert(0, Finder(widener))
        atexit.register(widener.finish)  # behind the traceback, if there is one
    if orders.install:
        runpy.run_path(orders.install)["install"](orders.job)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
