"""Another width for a renderer's audio network, while its files stay as they are.

The class is changed in place, since these classes name themselves, ``super(AudioNet, self)``, which breaks when another
class takes the name.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, NoReturn

    from .orders import Widening


class Widener:
    """Makes the audio network as wide as the features, and says once that it did, or that it never came to it."""

    def __init__(self, orders: Widening) -> None:
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


def _warn(text: str) -> None:
    print("pase-adapt: warning: " + text + ".", file=sys.stderr, flush=True)
