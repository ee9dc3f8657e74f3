"""Where a renderer's real-time path takes speech features from; only the standard library is imported here."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError
from pase_adapters.renderer_side.orders import Hearing

_KINDS = ("ring", "windows")


@dataclass(frozen=True, slots=True)
class StreamHook:
    """How PASE gets into a renderer's real-time path without an edit.

    Attributes:
        kind: ``ring``: overlapping stretches of sound go to a model, whose rows go round in a ring buffer, as in
            RAD-NeRF and its kin. ``windows``: windows are cut from the rows of each batch, as in LiveTalking.
        asr: The class that collects the sound, as ``module:Class``.
        loaders: Classes that load the renderer's own speech model, as ``module:Class``; they load nothing any more.
    """

    kind: str
    asr: str
    loaders: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InputError(f"a stream hook's kind is one of {', '.join(_KINDS)}, not {self.kind!r}")
        for place in (self.asr, *self.loaders):
            if not re.fullmatch(r"\w+(\.\w+)*:\w+", place):
                raise InputError(f"a stream hook names places as module:Class, not {place!r}")

    @property
    def file(self) -> str:
        """The file of `asr` in the checkout, by which it is known."""
        return self.asr.partition(":")[0].replace(".", "/") + ".py"

    def orders(self, checkpoint: Path | None, width: int | None, python: str = sys.executable) -> Hearing:
        """What the renderer's Python is told.

        Args:
            checkpoint: Folder of the PASE checkpoint that the renderer was trained with; None: the one in the package.
            width: Of the renderer's first layer; None: that of the features.
            python: Of PASE.
        """
        # The renderer's folder and its PYTHONPATH hold modules that must not hide those of PASE's own Python.
        command = [python, "-E", "-P", "-m", "pase_adapters.streaming.worker"]
        command += [] if checkpoint is None else ["--checkpoint", str(checkpoint.resolve())]
        command += [] if width is None else ["--width", str(width)]
        return Hearing(self.kind, self.asr, self.loaders, tuple(command))


def _ring(package: str) -> StreamHook:
    module = f"{package}.asr"
    return StreamHook("ring", f"{module}:ASR", (f"{module}:AutoProcessor", f"{module}:AutoModelForCTC"))


RAD_NERF = _ring("nerf")
ER_NERF = _ring("nerf_triplane")
METAHUMAN_STREAM = StreamHook(
    "ring",
    "nerfasr:NerfASR",
    tuple(f"nerfreal:{name}" for name in ("AutoProcessor", "AutoModelForCTC", "Wav2Vec2Processor", "HubertModel")),
)
LIVETALKING = StreamHook(
    "windows", "avatars.audio_features.hubert:HubertASR", ("avatars.ultralight_avatar:Audio2Feature",)
)
