"""From features as a function of time to the rows of a renderer: which moment goes where, padding and scale."""

import math

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase.inference.track import FeatureTrack
from pase_adapters.gate import SilenceGate
from pase_adapters.spec import RowLayout


def count_rows(duration: float, layout: RowLayout) -> int:
    """Number of video frames that begin while the sound lasts: ``ceil(duration * rows_per_second)``.

    The wav2vec and DeepSpeech scripts of this renderer family count the same way, and no frame that has any sound under
    it is left without a row.

    Args:
        duration: Length of the sound (seconds).
        layout: The renderer's layout.
    """
    return math.ceil(duration * layout.rows_per_second - 1e-6)  # 10 s are 250 rows in spite of rounding errors


def feature_scale(width: int, layout: RowLayout) -> float:
    """Factor for features of `width` that are zero-padded to the layout's width: ``sqrt(layout.width / width)``.

    The renderer's first layer draws its weights for inputs that are all alive. With most of them zero its output would
    start ``sqrt(width / layout.width)`` times too small; this factor gives the variance back.

    Raises:
        InputError: The features are wider than the renderer's input.
    """
    room = layout.width or width
    if not 1 <= width <= room:
        raise InputError(f"features of width {width} do not go into an input of width {room}: project them first")
    return math.sqrt(room / width)


def row_shape(rows: int, layout: RowLayout, width: int) -> tuple[int, ...]:
    """Shape of the array of so many rows for features of `width`."""
    room = layout.width or width
    return (rows, room) if layout.flat else (rows, layout.columns, room)


def make_rows(
    track: FeatureTrack, layout: RowLayout, start: int, stop: int, gate: SilenceGate | None = None
) -> NDArray[np.float32]:
    """Rows `start` to `stop` of a renderer's feature array.

    Every row is computed from the whole stream, so any cutting into blocks gives the same rows.

    Args:
        track: Features of the recording.
        layout: The renderer's layout.
        start: First row.
        stop: One past the last row.
        gate: Fades features to 0, which is where silence lies; None: leaves them.

    Returns:
        float32, C-contiguous, of `row_shape`; zeros for moments outside the recording and in the padded width.

    Raises:
        InputError: The features are too wide, or not finite.
    """
    scale = feature_scale(track.width, layout)
    rows = np.zeros((max(stop - start, 0), layout.columns, layout.width or track.width), dtype=np.float32)
    if stop > start:
        np.multiply(_cells(track, layout, start, stop, gate), np.float32(scale), out=rows[:, :, : track.width])
    return rows.reshape(row_shape(len(rows), layout, track.width))


def _cells(
    track: FeatureTrack, layout: RowLayout, start: int, stop: int, gate: SilenceGate | None
) -> NDArray[np.float32]:
    """Features of the rows' short frames, shape ``(rows, columns, D)``."""
    step = layout.columns_per_second / layout.rows_per_second
    if step != round(step):
        begins = np.arange(start, stop)[:, None] * step + layout.first_column + np.arange(layout.columns)
        # Rounded, so that a moment at the very start or end falls on its side of it.
        cells = _sample(track, ((begins.ravel() + 0.5) / layout.columns_per_second).round(9), gate)
        return cells.reshape(stop - start, layout.columns, track.width)
    first = start * round(step) + layout.first_column
    count = (stop - start - 1) * round(step) + layout.columns
    features = _sample(track, (np.arange(first, first + count) + 0.5) / layout.columns_per_second, gate)
    windows = np.lib.stride_tricks.sliding_window_view(features, layout.columns, axis=0)[:: round(step)]
    return windows.transpose(0, 2, 1)


def _sample(track: FeatureTrack, times: NDArray[np.float64], gate: SilenceGate | None) -> NDArray[np.float32]:
    features = track.at(times, outside="zero")
    if not np.isfinite(features).all():
        bad = times[~np.isfinite(features).all(axis=1)][0]
        raise InputError(f"the encoder gave NaN or infinity at {bad:.3f} s: is the checkpoint whole?")
    return features if gate is None else features * gate.at(times)[:, None]
