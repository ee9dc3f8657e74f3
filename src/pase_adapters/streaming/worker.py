"""PASE in a process of its own, for renderers whose Python is another: ``python -m pase_adapters.streaming.worker``.

It hears sound on its standard input and writes rows to its standard output; see `renderer_side.protocol`.
"""

import argparse
import os
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError, PaseError
from pase.inference.encoder import PASE
from pase.inference.engine import StreamSpec
from pase.inference.rows import Rows
from pase.inference.stream import StreamingEncoder
from pase_adapters.layout import feature_scale
from pase_adapters.renderer_side import protocol
from pase_adapters.renderer_side.protocol import ANSWER, CHUNK, DONE, FAILED, FLOATS, GREETING, RATE, REQUEST
from pase_adapters.renderers.family import ROWS_OF_16

_KEPT = 60 * RATE
"""Rows that a recording keeps: longer than any renderer's buffer, and no more after an hour of silence."""


class Recording:
    """A recording that is heard, and its newest rows as a renderer's feature file has them.

    Args:
        stream: A new one, of `RATE` rows per second.
        width: Of the renderer's first layer; None: that of the features.
    """

    def __init__(self, stream: StreamingEncoder, width: int | None) -> None:
        self._stream = stream
        self._width = width or stream.spec.width
        self._scale = np.float32(feature_scale(stream.spec.width, replace(ROWS_OF_16, width=width)))
        self._rows: deque[NDArray[np.float32]] = deque(maxlen=_KEPT)
        self._count = 0
        self._ended = False
        self._failure: InputError | None = None

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples; what is wrong with them is told by `rows`."""
        if self._failure is None:
            try:
                self._keep(self._stream.push(samples))
            except InputError as error:
                self._failure = error

    def end(self) -> None:
        """Nothing follows."""
        self._keep(self._stream.finish())
        self._ended = True

    def rows(self, first: int, stop: int) -> NDArray[np.float32]:
        """Rows from `first` on that are certain, `stop` at most; zeros outside the recording.

        Returns:
            Shape ``(n, width)``.

        Raises:
            InputError: The sound could not be encoded, or the rows are too long past.
        """
        if self._failure is not None:
            raise self._failure
        oldest = self._count - len(self._rows)
        if 0 <= first < oldest:
            raise InputError(f"row {first} was asked for, of which only those from {oldest} on are kept")
        stop = stop if self._ended else min(stop, self._count)
        found = np.zeros((max(stop - first, 0), self._width), dtype=np.float32)
        for number in range(max(first, 0), min(stop, self._count)):
            found[number - first, : self._stream.spec.width] = self._rows[number - oldest]
        return found

    def _keep(self, rows: Rows) -> None:
        # The middle of a row at or after the end lies outside the recording, as in a feature file.
        inside = rows.features[rows.times < self._stream.heard]
        self._rows.extend(inside * self._scale)
        self._count += len(inside)


def look_ahead(spec: StreamSpec) -> int:
    """How many further chunks must be heard before the row of a chunk is certain."""
    row = np.arange(10 * RATE)
    state = np.ceil((row + 0.5) / RATE * spec.rate)  # the later one of the two between which the row lies
    samples = spec.window_samples - spec.edge_samples + (state + spec.delay) * spec.step_samples
    return int(np.ceil(samples / CHUNK - (row + 1)).max())


def serve(encoder: PASE, width: int | None, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until they end."""
    narrow = width if width is not None and width < encoder.width else None

    def begin() -> Recording:
        return Recording(encoder.stream(fps=RATE, width=narrow), width)

    _greet(answers, width or encoder.width, look_ahead(encoder.stream().spec))
    recordings: dict[int, Recording] = {}
    while header := requests.read(REQUEST.size):
        request, number, first, second = REQUEST.unpack(header)
        if request == protocol.FORGET:
            recordings.pop(number, None)
            continue
        recording = recordings.get(number) or recordings.setdefault(number, begin())
        if request == protocol.HEAR:
            content = protocol.read_exactly(requests, 4 * first)
            recording.hear(np.frombuffer(content, dtype=FLOATS))
        elif request == protocol.END:
            recording.end()
        elif request == protocol.ROWS:
            _answer(answers, recording, first, second)


def _greet(answers: BinaryIO, width: int, ahead: int) -> None:
    answers.write(ANSWER.pack(DONE, 1) + GREETING.pack(width, ahead))
    answers.flush()


def _answer(answers: BinaryIO, recording: Recording, first: int, stop: int) -> None:
    try:
        rows = recording.rows(first, stop)
    except InputError as error:
        _fail(answers, error)
    else:
        answers.write(ANSWER.pack(DONE, len(rows)) + rows.astype(FLOATS, copy=False).tobytes())
        answers.flush()


def _fail(answers: BinaryIO, error: PaseError) -> None:
    text = str(error).encode()
    answers.write(ANSWER.pack(FAILED, len(text)) + text)
    answers.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m pase_adapters.streaming.worker", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="folder; without it the one in the package")
    parser.add_argument("--width", type=int, help="of the renderer's first layer; without it that of the features")
    options = parser.parse_args(arguments)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints must not get among the rows
        try:
            serve(PASE.from_pretrained(options.checkpoint), options.width, sys.stdin.buffer, answers)
        except PaseError as error:
            _fail(answers, error)
            return 1
        except BrokenPipeError:  # the renderer has ended
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
