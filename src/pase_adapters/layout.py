"""From features as a function of time to the rows of a renderer: which moment goes where, padding and scale."""

import math

import numpy as np
from numpy.typing import NDArray

from pase.errors import InputError
from pase.inference.track import FeatureTrack
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
    if not 1 <= width <= layout.width:
        raise InputError(
            f"this checkpoint's features are {width} wide, the renderer takes 1 to {layout.width}. "
            f"Train a PASE encoder with at most {layout.width} features."
        )
    return math.sqrt(layout.width / width)


def make_rows(track: FeatureTrack, layout: RowLayout, start: int, stop: int) -> NDArray[np.float32]:
    """Rows `start` to `stop` of a renderer's feature array.

    Every row is computed from the whole stream, so any cutting into blocks gives the same rows.

    Args:
        track: Features of the recording.
        layout: The renderer's layout.
        start: First row.
        stop: One past the last row.

    Returns:
        float32, C-contiguous, shape ``(stop - start, layout.columns, layout.width)``; zeros for moments outside the
        recording and in the padded width.

    Raises:
        InputError: The features are too wide, or not finite.
    """
    scale = feature_scale(track.width, layout)
    rows = np.zeros((stop - start, layout.columns, layout.width), dtype=np.float32)
    if stop <= start:
        return rows
    first = start * layout.step + layout.first_column
    count = (stop - start - 1) * layout.step + layout.columns
    times = (np.arange(first, first + count) + 0.5) / layout.columns_per_second
    features = track.at(times, outside="zero")
    if not np.isfinite(features).all():
        bad = times[~np.isfinite(features).all(axis=1)][0]
        raise InputError(f"the encoder gave NaN or infinity at {bad:.3f} s: is the checkpoint whole?")
    windows = np.lib.stride_tricks.sliding_window_view(features, layout.columns, axis=0)[:: layout.step]
    np.multiply(windows.transpose(0, 2, 1), np.float32(scale), out=rows[:, :, : track.width])
    return rows
