"""PASE: a phoneme-aware speech encoder that gives talking heads better lips (arXiv 2504.05803)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pase.inference.encoder import PASE as PASE
    from pase.inference.stream import StreamingEncoder as StreamingEncoder
    from pase.inference.track import FeatureTrack as FeatureTrack

__version__ = "0.1.0"
__all__ = ["PASE", "FeatureTrack", "StreamingEncoder", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the public classes on first use, so that `import pase` does not import torch."""
    if name == "PASE":
        from pase.inference.encoder import PASE

        return PASE
    if name == "StreamingEncoder":
        from pase.inference.stream import StreamingEncoder

        return StreamingEncoder
    if name == "FeatureTrack":
        from pase.inference.track import FeatureTrack

        return FeatureTrack
    raise AttributeError(f"module 'pase' has no attribute {name!r}")
