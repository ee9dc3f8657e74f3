"""The worker's rows are the cells of a feature file, however the sound is cut, and what is wrong is told."""

import io
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pase.errors import InputError
from pase.inference.encoder import PASE
from pase_adapters.layout import make_rows
from pase_adapters.renderer_side.protocol import ANSWER, FAILED, HEAR, REQUEST, ROWS
from pase_adapters.renderer_side.worker_pipe import Stream, Worker, WorkerError
from pase_adapters.renderers.family import ROWS_OF_16
from pase_adapters.streaming import worker
from pase_adapters.streaming.worker import Recording, look_ahead, serve

SAMPLES = 16000 + 170  # the middle of the last 20 ms is still inside


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Path) -> PASE:
    return PASE.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, SAMPLES).astype(np.float32)


def begin(encoder: PASE, width: int | None) -> Recording:
    narrow = width if width is not None and width < encoder.width else None
    return Recording(encoder.stream(fps=50, width=narrow), width)


def cells_of_file(encoder: PASE, sound: NDArray[np.float32], width: int | None, count: int) -> NDArray[np.float32]:
    """The short frames of a file, one after the other."""
    narrow = width if width is not None and width < encoder.width else None
    layout = replace(ROWS_OF_16, columns=2, first_column=0, width=width)
    rows = make_rows(encoder.encode(sound, 16000, width=narrow), layout, 0, count // 2)
    return rows.reshape(count, -1)


def hear_in_pieces(recording: Recording | Stream, sound: NDArray[np.float32]) -> None:
    ends = np.sort(np.random.default_rng(1).integers(0, len(sound), 20))
    for piece in np.split(sound, ends):
        recording.hear(piece)
    recording.end()


@pytest.mark.parametrize("width", [None, 5, 1024])
def test_rows_are_the_cells_of_a_file(encoder: PASE, sound: NDArray[np.float32], width: int | None) -> None:
    recording = begin(encoder, width)
    hear_in_pieces(recording, sound)
    rows = recording.rows(-3, 57)
    assert not rows[:3].any()
    assert not rows[3 + 51 :].any()
    assert rows[3 + 50].any()
    np.testing.assert_allclose(rows[3:], cells_of_file(encoder, sound, width, 57 // 2 * 2 + 2)[:57], atol=1e-5)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 319, 320, 640, 16000])
def test_rows_end_where_those_of_a_file_end(encoder: PASE, sound: NDArray[np.float32], samples: int) -> None:
    recording = begin(encoder, None)
    recording.hear(sound[:samples])
    recording.end()
    known = (recording.rows(0, 60) != 0).any(axis=1).sum()
    middles = 320 * np.arange(60) + 160
    assert known == (middles < samples).sum()


def test_a_row_is_certain_as_early_as_said(encoder: PASE, sound: NDArray[np.float32]) -> None:
    recording = begin(encoder, None)
    lags = []
    for heard in range(1, 50):
        recording.hear(sound[320 * heard - 320 : 320 * heard])
        lags.append(heard - len(recording.rows(0, heard)))
    assert max(lags) == look_ahead(encoder.stream().spec)


def test_rows_too_long_past_are_not_taken_for_zeros(
    encoder: PASE, sound: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_KEPT", 10)
    recording = begin(encoder, None)
    hear_in_pieces(recording, sound)
    assert recording.rows(41, 51).any(axis=1).all()
    with pytest.raises(InputError, match="row 40 was asked for, of which only those from 41 on are kept"):
        recording.rows(40, 51)


def test_unusable_sound_is_told_with_the_next_rows(encoder: PASE, sound: NDArray[np.float32]) -> None:
    requests = io.BytesIO(
        REQUEST.pack(HEAR, 7, 2, 0)
        + struct.pack("<2f", 0.5, float("nan"))
        + REQUEST.pack(HEAR, 7, 1, 0)
        + struct.pack("<f", 0.5)
        + REQUEST.pack(ROWS, 7, 0, 1)
        + REQUEST.pack(ROWS, 8, -2, 1)  # another recording goes on
    )
    answers = io.BytesIO()
    serve(encoder, None, requests, answers)
    content = answers.getvalue()[ANSWER.size + 8 :]
    status, size = ANSWER.unpack_from(content)
    assert status == FAILED
    assert "NaN" in content[ANSWER.size : ANSWER.size + size].decode()
    assert ANSWER.unpack_from(content, ANSWER.size + size) == (0, 2)


@pytest.fixture(scope="module")
def process(tiny_checkpoint: Path) -> Iterator[Worker]:
    command = [sys.executable, "-E", "-P", "-m", "pase_adapters.streaming.worker", "--width", "32"]
    found = Worker([*command, "--checkpoint", str(tiny_checkpoint)])
    yield found
    found.close()


def test_recordings_in_a_process_do_not_mix(process: Worker, encoder: PASE, sound: NDArray[np.float32]) -> None:
    streams = [process.open() for _ in range(2)]
    sounds = [sound, sound[::-1].copy()]
    for first in range(0, SAMPLES, 1000):
        for stream, own in zip(streams, sounds, strict=True):
            stream.hear(own[first : first + 1000])
    for stream, own in zip(streams, sounds, strict=True):
        stream.end()
        np.testing.assert_allclose(stream.rows(0, 50), cells_of_file(encoder, own, 32, 50), atol=1e-5)
    assert streams[0].width == 32


def test_recordings_that_are_dropped_leave_the_worker_well(process: Worker, sound: NDArray[np.float32]) -> None:
    process.open().hear(sound)
    stream = process.open()
    stream.hear(sound)
    stream.end()
    assert stream.rows(0, 50).any(axis=1).all()


def test_worker_that_dies_is_told() -> None:
    gone = Worker([sys.executable, "-c", "import sys; sys.exit(3)"])
    with pytest.raises(WorkerError, match="ended with status 3"):
        gone.open()
    with pytest.raises(WorkerError, match="ended with status 3"):
        gone.open()
    with pytest.raises(WorkerError, match=r"cannot be started: /no/python"):
        Worker(["/no/python"]).start()
