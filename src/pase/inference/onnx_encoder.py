"""Encoding with onnxruntime: NumPy and an exported file, no torch."""

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform, iter_audio
from pase.errors import InputError
from pase.extras import require
from pase.inference.engine import Past, StreamSpec
from pase.inference.stream import StreamingEncoder
from pase.inference.track import FeatureTrack
from pase.inference.whole import collect, write

SAMPLES, FEATURES, PAST, NEWEST = "samples", "features", "past.", "newest."
"""Names of the graph's inputs and outputs; of the latter two, one for each tensor that is remembered."""

METADATA = "pase."
"""Start of the names of metadata entries, of which each is a field of `StreamSpec`."""


_FAILURES = (
    *("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf"),
    *("NoModel", "NoSuchFile", "NotImplemented", "RuntimeException"),
)
"""What onnxruntime raises at files that it cannot load."""

_MOST_REMEMBERED = 2**24
"""Numbers in one tensor that is remembered."""


class OnnxEncoder:
    """An encoder that `pase export --onnx` wrote.

    Example:
        >>> stream = OnnxEncoder.open("pase.onnx").stream(sample_rate=48_000, fps=25)  # doctest: +SKIP
        >>> rows = stream.push(block)  # doctest: +SKIP

    Args:
        session: An ``onnxruntime.InferenceSession``.
        spec: Its timing.
    """

    def __init__(self, session: Any, spec: StreamSpec) -> None:
        self._session = session
        self._spec = spec
        self._initial = {item.name: item.shape for item in session.get_inputs() if item.name != SAMPLES}
        self._outputs = [FEATURES, *(name.replace(PAST, NEWEST) for name in self._initial)]

    @classmethod
    def open(cls, path: str | Path) -> "OnnxEncoder":
        """Load a file on one thread of the CPU.

        Raises:
            InputError: The file is absent, damaged or was not written by PASE.
            MissingExtraError: onnxruntime is not installed.
        """
        runtime = require("onnxruntime")
        if not Path(path).is_file():
            raise InputError(f"{path} does not exist or is not a file")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a step has no work for two
        failures = [getattr(runtime.capi.onnxruntime_pybind11_state, name) for name in _FAILURES]
        try:
            session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except tuple(failures) as error:
            raise InputError(f"{path} cannot be loaded as an ONNX model: {error}") from error
        spec = _read_spec(session.get_modelmeta().custom_metadata_map, path)
        _check_graph(session, path)
        return cls(session, spec)

    @property
    def spec(self) -> StreamSpec:
        """Timing, width and identity."""
        return self._spec

    def stream(self, sample_rate: int = SAMPLE_RATE, fps: float | None = None) -> StreamingEncoder:
        """Begin a recording that arrives piece by piece; see `StreamingEncoder`."""
        return StreamingEncoder(self, sample_rate, fps)

    def encode(self, waveform: ArrayLike, sample_rate: int) -> FeatureTrack:
        """Encode a waveform; see `PASE.encode`."""
        return collect(self.stream(sample_rate), [waveform], "waveform")

    def encode_file(self, path: str | Path) -> FeatureTrack:
        """Encode any sound or video file; see `PASE.encode_file`."""
        return collect(self.stream(), iter_audio(Path(path)), str(path))

    def encode_to_file(self, path: str | Path, output: str | Path, rate: float | None = None) -> tuple[int, int]:
        """Encode a file into a ``.npy`` of rows; see `PASE.encode_to_file`."""
        return write(self.stream(fps=rate), iter_audio(Path(path)), str(path), Path(output))

    def initial(self) -> Past:
        """See `pase.inference.engine.Engine`."""
        return tuple(np.zeros(shape, dtype=np.float32) for shape in self._initial.values())

    def step(self, samples: Waveform, past: Past) -> tuple[NDArray[np.float32], Past]:
        """See `pase.inference.engine.Engine`."""
        feeds = {SAMPLES: samples[None], **dict(zip(self._initial, past, strict=True))}
        features, *newest = self._session.run(self._outputs, feeds)
        return features[0], tuple(newest)


def _read_spec(metadata: Mapping[str, str], path: str | Path) -> StreamSpec:
    types: Mapping[str, type] = {item.name: item.type for item in fields(StreamSpec)}  # type: ignore[misc]
    try:
        return StreamSpec(**{name: kind(metadata[METADATA + name]) for name, kind in types.items()})
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path} was not written by `pase export --onnx` of this version: its metadata lack {error}"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _check_graph(session: Any, path: str | Path) -> None:
    """Refuse a graph with other inputs and outputs, or one that would remember more than an encoder does."""
    shapes = {item.name: item.shape for item in session.get_inputs()}
    past = {name: shape for name, shape in shapes.items() if name != SAMPLES}
    expected = {FEATURES, *(name.replace(PAST, NEWEST) for name in past)}
    if SAMPLES not in shapes or not expected <= {item.name for item in session.get_outputs()}:
        raise InputError(f"{path} was not written by `pase export --onnx`: its graph has other inputs and outputs")
    for name, shape in past.items():
        if not all(type(length) is int and length >= 0 for length in shape) or math.prod(shape) > _MOST_REMEMBERED:
            raise InputError(f"{path}: its input {name} has the shape {shape}, which no encoder remembers")
