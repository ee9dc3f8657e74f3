"""Plain acoustic features, by the name that this room knows them by."""

from pase.baselines.acoustic import MelRows, StftRows

__all__ = ["MelRows", "StftRows"]
