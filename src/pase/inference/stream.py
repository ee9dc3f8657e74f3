"""Encoding sound as it arrives: any chunking gives the features of the whole."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError
from pase.inference.engine import Engine, StreamSpec
from pase.inference.resuming import ResumableResampler
from pase.inference.rows import Rows, RowSampler, join
from pase.inference.sound import Sound

_LONGEST_STEP = 20
"""Seconds encoded at once; longer pushes are cut, so that memory does not grow with them."""

StreamState = dict[str, NDArray[Any]]


class StreamingEncoder:
    """One recording that is being encoded while it arrives; `PASE.stream` and `OnnxEncoder.stream` make one.

    Features come out as soon as they are certain, which is `look_ahead` seconds after their time; `finish` gives the
    rest, as if silence followed. All rows together are those of the whole recording, however it was cut.

    Example:
        >>> stream = encoder.stream(sample_rate=48_000, fps=25)  # doctest: +SKIP
        >>> for block in microphone:  # doctest: +SKIP
        ...     rows = stream.push(block)  # rows.times, rows.features

    Args:
        engine: What computes; any number of streams may share it.
        sample_rate: Of the sound that will be pushed: whole Hz, from 4,000 on.
        fps: Rows per second, at the middles of the rows as in `FeatureTrack.at_rate`; None: the encoder's states.

    Raises:
        InputError: A sample rate or row rate that cannot be.
    """

    def __init__(self, engine: Engine, sample_rate: int = SAMPLE_RATE, fps: float | None = None) -> None:
        self._engine = engine
        self._fps = fps
        self._sample_rate = sample_rate
        self.reset()

    @property
    def spec(self) -> StreamSpec:
        """Timing and width."""
        return self._engine.spec

    @property
    def look_ahead(self) -> float:
        """Seconds of sound that must follow a time before its feature is certain."""
        return self.spec.look_ahead

    @property
    def heard(self) -> float:
        """Seconds of sound that have been heard, after resampling."""
        return self._heard / SAMPLE_RATE

    def reset(self) -> None:
        """Begin a new recording; what was not given out of the old one is forgotten."""
        self._sound = ResumableResampler(self._sample_rate)
        self._rows = RowSampler(self.spec.width, self.spec.rate, self._fps)
        self._past = self._engine.initial()
        self._unheard = np.zeros(self.spec.edge_samples, dtype=np.float32)  # silence before the first sample
        self._heard = 0
        self._early = self.spec.delay  # states to drop: they belong to times before 0
        self._finished = False

    def push(self, samples: ArrayLike | Sound) -> Rows:
        """Hear more sound.

        Args:
            samples: Shape ``(N,)`` or ``(channels, N)``, any N, of the stream's sample rate; see `PASE.encode`.

        Returns:
            The rows that have become certain, perhaps none.

        Raises:
            InputError: The stream is finished, or the samples cannot be used; then nothing of them was heard.
        """
        self._check_open()
        sound = samples if isinstance(samples, Sound) else Sound.of(samples, "the pushed sound")
        size = _LONGEST_STEP * self._sound.sample_rate
        return join([self._none(), *(self._hear(self._sound.push(piece)) for piece in sound.pieces(size))])

    def finish(self) -> Rows:
        """End the recording; return the last rows. What was never given a sample has none.

        Raises:
            InputError: The stream is finished.
        """
        self._check_open()
        rows = [self._none(), self._hear(self._sound.flush())]
        if self._heard:
            rows.append(self._step(np.zeros(self.spec.tail_samples, dtype=np.float32)))
        rows.append(self._rows.finish(self.heard))
        self._finished = True
        return join(rows)

    def state(self) -> StreamState:
        """All that the stream remembers, as plain arrays: to be stored by ``numpy.savez``, moved and taken up again.

        Raises:
            InputError: The stream is finished.
        """
        self._check_open()
        own = {"unheard": self._unheard.copy(), "numbers": np.array([self._heard, self._early])}
        network = {f"network.{number}": past.copy() for number, past in enumerate(self._past)}
        parts = {"sound": self._sound.state(), "rows": self._rows.state()}
        nested = {f"{part}.{name}": value for part, state in parts.items() for name, value in state.items()}
        return {"stream": np.array(self._identity()), **own, **network, **nested}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where another stream of the same encoder, sample rate and row rate was.

        Args:
            state: What `state` gave, or the file that ``numpy.load`` opened.

        Raises:
            InputError: The state is incomplete, damaged or of another kind of stream.
        """
        given = {name: np.asarray(state[name]) for name in state}
        _check_state(given, StreamingEncoder(self._engine, self._sample_rate, self._fps).state())
        self.reset()
        self._unheard = given["unheard"]
        self._heard, self._early = (int(number) for number in given["numbers"])
        self._past = tuple(given[f"network.{number}"] for number in range(len(self._past)))
        self._rows.load_state(_part(given, "rows"))
        self._sound.load_state(_part(given, "sound"), self._heard)

    def _hear(self, samples: Waveform) -> Rows:
        self._heard += len(samples)
        return self._step(samples)

    def _step(self, samples: Waveform) -> Rows:
        self._unheard = np.concatenate([self._unheard, samples])
        step, window = self.spec.step_samples, self.spec.window_samples
        steps = (len(self._unheard) - window) // step + 1
        if steps < 1:
            return self._none()
        stretch, self._unheard = self._unheard[: window + (steps - 1) * step], self._unheard[steps * step :]
        features, self._past = self._engine.step(stretch, self._past)
        skipped = min(self._early, steps)
        self._early -= skipped
        return self._rows.push(features[skipped:])

    def _none(self) -> Rows:
        return Rows(np.zeros(0), np.zeros((0, self.spec.width), dtype=np.float32))

    def _check_open(self) -> None:
        if self._finished:
            raise InputError("the stream is finished: reset() begins a new recording")

    def _identity(self) -> str:
        rows = "states" if self._fps is None else f"{self._fps!r} rows per second"
        return f"model {self.spec.model_id}, width {self.spec.width}, {self._sample_rate} Hz, {rows}"


_WAITING = ("unheard", "rows.pending", "sound.history")
"""Parts of a state of which any number may be there."""


def _check_state(state: StreamState, expected: StreamState) -> None:
    wrong = sorted(name for name in expected if name not in state or not _alike(name, state[name], expected[name]))
    if wrong:
        raise InputError(f"this is no state of such a stream, or a damaged one: {', '.join(wrong)} missing or wrong")
    if state["stream"] != expected["stream"]:
        raise InputError(f"the state is of another stream ({state['stream']}); this one is {expected['stream']}")


def _alike(name: str, found: NDArray[Any], expected: NDArray[Any]) -> bool:
    free = 1 if name in _WAITING else 0
    if found.ndim != expected.ndim or found.shape[free:] != expected.shape[free:]:
        return False
    return found.dtype.kind == "U" == expected.dtype.kind or (
        found.dtype == expected.dtype and bool(np.isfinite(found).all())
    )


def _part(state: StreamState, part: str) -> StreamState:
    return {name.removeprefix(f"{part}."): value for name, value in state.items() if name.startswith(f"{part}.")}
