"""The speech synthesizers that there are, and which of them work here."""

from collections.abc import Callable, Sequence

from pase.corpus.synthetic.voices.engine import Engine
from pase.corpus.synthetic.voices.espeak import EspeakEngine
from pase.corpus.synthetic.voices.festival import FestivalEngine
from pase.corpus.synthetic.voices.flite import FliteEngine
from pase.errors import InputError, MissingExtraError

ENGINES: tuple[Engine, ...] = (EspeakEngine(), FliteEngine(), FestivalEngine())
"""All engines that are known, in the order in which speakers are dealt to them."""


def find_engines(names: Sequence[str] | None, say: Callable[[str], None]) -> tuple[Engine, ...]:
    """The engines to use.

    Args:
        names: Those that must be there; None: all that are.
        say: Takes a line for each engine that is left out.

    Raises:
        InputError: A name that is none, or the same twice.
        MissingExtraError: A named engine is missing, or all are.
    """
    known = {engine.name: engine for engine in ENGINES}
    for name in names or ():
        if name not in known:
            raise InputError(f"{name!r} is no speech engine; there are: {', '.join(known)}")
    wanted = [engine for engine in ENGINES if names is None or engine.name in names]
    lacking = {engine.name: reason for engine in wanted if (reason := engine.missing()) is not None}
    if names is not None and lacking:
        raise MissingExtraError("; ".join(f"{name}: {reason}" for name, reason in lacking.items()))
    if len(lacking) == len(wanted):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in lacking.items())
        raise MissingExtraError(f"no speech engine works here. Any one of them is enough: {reasons}")
    for name, reason in lacking.items():
        say(f"{name} is left out: {reason}")
    return tuple(engine for engine in wanted if engine.name not in lacking)
