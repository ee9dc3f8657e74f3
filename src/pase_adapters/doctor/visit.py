"""What the doctor is asked to look at, and the commands that it prescribes."""

import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pase.errors import InputError
from pase_adapters.spec import RendererSpec, Slot


@dataclass(frozen=True)
class Visit:
    """One subject of one renderer.

    Attributes:
        spec: The renderer.
        data_dir: The subject's folder.
        slot_name: Which of the renderer's inputs; None: the first.
        audio: The subject's sound; None: ``aud.wav`` in its folder, if it is there.
        driving: Features of another recording, for the subject to speak.
        checkpoint: Folder of the PASE checkpoint that the features should come from.
        weights: The renderer's own checkpoint file.
        stream_context: The `-m` of the renderer's real-time path.
    """

    spec: RendererSpec
    data_dir: Path
    slot_name: str | None = None
    audio: Path | None = None
    driving: Path | None = None
    checkpoint: Path | None = None
    weights: Path | None = None
    stream_context: int | None = None

    def __post_init__(self) -> None:
        if not os.path.isdir(self.data_dir):  # noqa: PTH112  # Path.is_dir raises where a folder may not be entered
            raise InputError(f"the data folder {self.data_dir} is not a folder: give that of a processed subject")
        for path in (self.audio, self.driving, self.weights):
            if path is not None and not os.path.isfile(path):  # noqa: PTH113  # as above
                raise InputError(f"{path} does not exist or is not a file")
        if self.stream_context is not None and self.stream_context < 1:
            raise InputError(f"the stream context is {self.stream_context}, expected 1 or more short frames")

    @cached_property
    def slot(self) -> Slot:
        """The renderer's input that is looked at."""
        return self.spec.slot(self.slot_name)

    @property
    def features(self) -> Path:
        """Where the renderer looks for the subject's features."""
        return self.data_dir / self.slot.training_file

    @property
    def sound(self) -> Path:
        """The subject's sound, which may be absent."""
        return self.audio or self.data_dir / "aud.wav"

    def write_training(self, extra: str = "") -> str:
        """The command that writes the subject's features."""
        return self._write(str(self.sound), extra)

    def write_driving(self) -> str:
        """The command that writes the features of the other recording."""
        folder = "out" if self.driving is None else str(self.driving.parent)
        return self._write("RECORDING", f"--driving --output {shlex.quote(folder)} --force")

    def _write(self, audio: str, extra: str) -> str:
        words = ["pase-adapt", "--renderer", self.spec.name, "--slot", self.slot.name, "--audio", audio]
        words += ["--data-dir", str(self.data_dir)]
        if self.checkpoint is not None:
            words += ["--checkpoint", str(self.checkpoint)]
        return f"{shlex.join(words)} {extra}".rstrip()
