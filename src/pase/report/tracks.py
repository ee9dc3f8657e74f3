"""What a clip holds, drawn over time in seconds: spectrogram, phones, lip crops, closures."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch.nn import functional as F

from pase.audio.stft import EDGE, STATE_RATE, LogSpectrum
from pase.audio.waveform import Waveform
from pase.corpus.clip import FRAME_RATE
from pase.phonemes.intervals import PhoneInterval
from pase.phonemes.inventory import BILABIALS, SILENCE
from pase.report.style import INK, bare, colour_of_phone, plain

Span = tuple[float, float]
"""Start and end of what is drawn, in seconds from the clip's beginning."""

_WIDTH = 700.0
"""Points that a figure of 11 inches leaves for the time axis."""

_SIZES = (8.5, 7.5, 6.5)
"""Points of a phone's label: the largest that fits."""

_LETTER = 0.6
"""Width of a letter over the size of its font."""


def log_spectra(waveform: Waveform) -> NDArray[np.float32]:
    """The spectrogram that the encoder hears: log-STFT at 125 Hz, shape ``(N, 257)``."""
    with torch.inference_mode():
        padded = F.pad(torch.from_numpy(waveform)[None], (EDGE, EDGE))
        spectra: NDArray[np.float32] = LogSpectrum()(padded)[0].numpy()
    return spectra


def draw_spectrogram(axes: Axes, spectra: NDArray[np.float32], span: Span) -> None:
    """Log-STFT in shades of blue, 0 to 8 kHz.

    Args:
        axes: Where to draw.
        spectra: Log-STFT of the whole clip at 125 Hz, shape ``(N, 257)``.
        span: What to draw.
    """
    first, last = int(span[0] * STATE_RATE), round(span[1] * STATE_RATE) + 1
    shown = spectra[first:last].T
    low, high = np.percentile(spectra, [10, 99.7])
    extent = ((first - 0.5) / STATE_RATE, (first + shown.shape[1] - 0.5) / STATE_RATE, 0.0, 8.0)
    axes.imshow(shown, aspect="auto", origin="lower", extent=extent, cmap="Blues", vmin=low, vmax=high)
    axes.set_ylabel("kHz")
    plain(axes)


def draw_phones(axes: Axes, intervals: Sequence[PhoneInterval], span: Span) -> None:
    """A band of phones coloured by viseme; silence is left pale."""
    for interval in intervals:
        start, stop = max(interval.start, span[0]), min(interval.end, span[1])
        if start >= stop:
            continue
        silent = interval.phone == SILENCE
        colour = "#f3f5f7" if silent else colour_of_phone(interval.phone)
        axes.axvspan(start, stop, facecolor=colour, edgecolor="white", linewidth=1, alpha=0.85)
        room = (stop - start) / (span[1] - span[0]) * _WIDTH
        size = next((size for size in _SIZES if _LETTER * size * len(interval.phone) <= room), None)
        if not silent and size is not None:
            axes.text((start + stop) / 2, 0.5, interval.phone, ha="center", va="center", fontsize=size, color=INK)
    axes.set_ylim(0, 1)
    axes.set_ylabel("phones", rotation=0, ha="right", va="center")
    bare(axes)


def draw_lips(axes: Axes, lips: NDArray[np.uint8], span: Span, crops: int) -> None:
    """Evenly spaced lip crops.

    Args:
        axes: Where to draw.
        lips: Lip crops of the whole clip, uint8 RGB, shape ``(T, H, W, 3)``.
        span: What to draw.
        crops: How many, as many as make them square.
    """
    for left, right in pairwise(np.linspace(*span, crops + 1)):
        frame = min(int((left + right) / 2 * FRAME_RATE), len(lips) - 1)
        axes.imshow(lips[frame], extent=(left, right, 0, 1), aspect="auto")
    axes.set_ylim(0, 1)
    axes.set_ylabel("lips", rotation=0, ha="right", va="center")
    bare(axes)


def shade_bilabials(axes: Axes, intervals: Sequence[PhoneInterval]) -> None:
    """Mark where lips have to close."""
    for interval in intervals:
        if interval.phone in BILABIALS:
            axes.axvspan(interval.start, interval.end, color=colour_of_phone(interval.phone), alpha=0.25, linewidth=0)
