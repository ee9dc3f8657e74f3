"""Random draws from an explicit generator, on whatever device the result is needed."""

from torch import Generator, Tensor, device, rand, randn


def uniform(generator: Generator | None, on: device, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Uniform in ``low ... high``, float32.

    Args:
        generator: Draws on its own device, so that a seed gives the same numbers wherever they are used; None takes
            torch's global one of the device `on`.
        on: Where the result is put.
        shape: Of the result.
        low: Lower bound.
        high: Upper bound, not reached.
    """
    source = on if generator is None else generator.device
    return (rand(shape, generator=generator, device=source) * (high - low) + low).to(on)


def normal(generator: Generator | None, on: device, *shape: int) -> Tensor:
    """Standard normal, float32; arguments as of `uniform`."""
    source = on if generator is None else generator.device
    return randn(shape, generator=generator, device=source).to(on)
