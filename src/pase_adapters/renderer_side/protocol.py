"""What goes through the pipes between a renderer and PASE: small headers, and plain little-endian float32 behind them.

This folder is loaded by the renderer's own Python: syntax and library of Python 3.7, NumPy, and torch where it is used.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

RATE = 50
"""Rows per second."""

CHUNK = 320
"""Samples of a row: 20 ms at 16 kHz."""

FLOATS = "<f4"

HEAR, END, ROWS, FORGET = 1, 2, 3, 4
"""Requests: take so many samples, which follow; the recording is over; give rows `first` to `stop`; drop the stream.

Only ROWS has an answer, so that PASE encodes while the renderer draws.
"""

REQUEST = struct.Struct("<BIqq")
"""Which request, number of the stream, two numbers (samples and 0; first and stop)."""

DONE, FAILED = 0, 1

ANSWER = struct.Struct("<BI")
"""DONE and a number of rows, which follow; or FAILED and the length of a text, which follows."""

GREETING = struct.Struct("<II")
"""Once, behind an ANSWER: width of a row, and how many further chunks must be heard before a row is certain."""


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """So many bytes.

    Raises:
        EOFError: The other side has ended.
    """
    content = file.read(size)
    if len(content) < size:
        raise EOFError("the pipe has ended")
    return content
