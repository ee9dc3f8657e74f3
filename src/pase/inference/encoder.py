"""PASE for use: from sound to features, without transcript, phones or video."""

from collections.abc import Callable
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pase.audio.waveform import SAMPLE_RATE, iter_audio
from pase.errors import InputError
from pase.inference.phones import PhonePosteriors
from pase.inference.rows import join
from pase.inference.stream import StreamingEncoder
from pase.inference.torch_engine import TorchEngine
from pase.inference.track import FeatureTrack
from pase.inference.whole import collect, iter_rows, keep, write
from pase.models.checkpoint import CheckpointInfo, load_checkpoint
from pase.models.model import PaseModel
from pase.models.released import RELEASED
from pase.phonemes.inventory import PHONES, VISEME_NAMES


class PASE:
    """A trained speech encoder.

    Example:
        >>> encoder = PASE.from_pretrained()  # doctest: +SKIP
        >>> rows = encoder.encode(waveform, 44_100).at_rate(25)  # doctest: +SKIP
    """

    def __init__(self, model: PaseModel, info: CheckpointInfo, width: int | None = None) -> None:
        self._encoder = model.audio.eval()
        self._scale = model.features.eval()
        self._heads = model.phone_heads
        self._narrow = None if width is None else self._scale.checked(width)
        self.info = info

    @classmethod
    def from_pretrained(cls, folder: str | Path | None = None, width: int | None = None) -> "PASE":
        """Load a checkpoint folder; no network, no code from the folder.

        Args:
            folder: With ``model.safetensors`` and ``config.json``; None: the checkpoint that comes with the package.
            width: Project features to this width, for renderers whose width is fixed (29, 32, 44); None: as they are.

        Raises:
            InputError: Incomplete, damaged, from other software or from a newer format; or a width above the model's.
        """
        return cls(*load_checkpoint(RELEASED if folder is None else Path(folder)), width)

    @property
    def width(self) -> int:
        """Feature width D."""
        return self.info.model.dim if self._narrow is None else self._narrow

    @property
    def rate(self) -> float:
        """States per second (Hz)."""
        return self._encoder.rate

    @property
    def look_ahead(self) -> float:
        """Seconds of sound that must follow a time before its feature is certain."""
        return self._encoder.look_ahead

    def stream(
        self, sample_rate: int = SAMPLE_RATE, fps: float | None = None, width: int | None = None
    ) -> StreamingEncoder:
        """Begin a recording that arrives piece by piece.

        Args:
            sample_rate: Of the sound that will be pushed: whole Hz, from 4,000 on.
            fps: Rows per second; None: the encoder's states.
            width: As in `from_pretrained`, for this stream.

        Raises:
            InputError: A sample rate, row rate or width that cannot be had.
        """
        narrow = self._narrow if width is None else self._scale.checked(width)
        engine = self._engine(lambda states: self._scale(states, narrow), narrow or self.info.model.dim)
        return StreamingEncoder(engine, sample_rate, fps)

    def encode(self, waveform: ArrayLike, sample_rate: int, width: int | None = None) -> FeatureTrack:
        """Encode a waveform.

        Args:
            waveform: Shape ``(S,)``, or ``(C, S)`` for several channels, which are averaged; numbers in [-1, 1], or
                integers of at most 32 bits, of their type's full scale; arrays, lists and tensors of any device.
            sample_rate: Whole Hz, from 4,000 on.
            width: As in `from_pretrained`, for this waveform.

        Returns:
            States at `rate`, shape ``(N, D)``, from time 0 to the end.

        Raises:
            InputError: Wrong shape or type, NaN, infinite or far too loud samples, or less than 40 ms.
        """
        return collect(self.stream(sample_rate, width=width), [waveform], "waveform")

    def encode_file(self, path: str | Path, width: int | None = None, states: str | Path | None = None) -> FeatureTrack:
        """Encode any sound or video file; see `encode`, and `encode_to_file` for rows at a rate.

        Args:
            path: The file.
            width: As in `from_pretrained`, for this file.
            states: A ``.npy`` file to write the states to, from which the track then reads them, so that memory does
                not grow with the recording; it has to stay as long as the track. None: in memory.

        Raises:
            InputError: As `encode`, or the file cannot be read.
        """
        stream, blocks = self.stream(width=width), iter_audio(Path(path))
        if states is None:
            return collect(stream, blocks, str(path))
        return keep(stream, blocks, str(path), Path(states))

    def encode_to_file(
        self, path: str | Path, output: str | Path, rate: float | None = None, width: int | None = None
    ) -> tuple[int, int]:
        """Encode a file into a ``.npy`` of rows at `rate` per second, in constant memory.

        Row *i* belongs to the middle of the row, ``(i + 0.5) / rate`` s; without a rate rows are the encoder's states,
        `PASE.rate` per second, the first at time 0.

        Returns:
            Shape of the written float32 array.

        Raises:
            InputError: As `encode_file`, or the output cannot be written.
        """
        return write(self.stream(fps=rate, width=width), iter_audio(Path(path)), str(path), Path(output))

    def phones(self, waveform: ArrayLike, sample_rate: int) -> PhonePosteriors:
        """Log-probabilities of phones and visemes at the encoder's states, by the heads of the checkpoint.

        Args:
            waveform: As in `encode`.
            sample_rate: As in `encode`.

        Raises:
            InputError: The checkpoint has no phone heads, or as `encode`.
        """
        heads = self._heads
        if heads is None:
            raise InputError(
                f"checkpoint {self.info.model_id} has no phone heads: take one that was trained with "
                "model.net.phone_heads: true"
            )

        def read(states: Tensor) -> Tensor:
            logits = heads.phone_logits(states), heads.viseme_logits(states)
            return torch.cat([some.log_softmax(-1) for some in logits], dim=-1)

        stream = StreamingEncoder(self._engine(read, len(PHONES) + len(VISEME_NAMES)), sample_rate)
        found = join(list(iter_rows(stream, [waveform], "waveform"))).features
        return PhonePosteriors(found[:, : len(PHONES)], found[:, len(PHONES) :], self.rate, stream.heard)

    def _engine(self, read: Callable[[Tensor], Tensor], width: int) -> TorchEngine:
        return TorchEngine(self._encoder, read, width, self.info.model_id)
