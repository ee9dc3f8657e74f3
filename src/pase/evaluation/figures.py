"""The report's figures, from arrays; each function returns a figure and draws nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation import closures, sync
from pase.evaluation.representations import OWN
from pase.evaluation.results import Results
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.report.style import BLUE, FAINT, INK, RED, plain
from pase.report.tracks import draw_lips, draw_phones, draw_spectrogram, shade_bilabials

LONGEST = 3.0
"""Seconds of a clip that are drawn."""

_CROPS = 15
"""Lip crops in a row: as many as make them square."""

LEAST_TOKENS = 10
"""Bilabials that a split needs for its curve to be worth drawing."""


@dataclass(frozen=True)
class Example:
    """One clip to draw.

    Attributes:
        phones: Its phones, or None.
        spectra: Log-STFT at 125 Hz, shape ``(N, 257)``.
        lips: Lip crops, uint8 RGB, shape ``(T, H, W, 3)``.
        aperture: Lip gap in the pictures, in eye distances, shape ``(T,)``.
        predicted: Lip gap predicted from the features, shape ``(T,)``.
    """

    phones: PhoneTrack | None
    spectra: NDArray[np.float32]
    lips: NDArray[np.uint8]
    aperture: NDArray[np.float32]
    predicted: NDArray[np.float64]


def draw_example(example: Example) -> Figure:
    """Spectrogram, phones, lip crops and lip aperture over the same time axis."""
    end = min(len(example.lips) / FRAME_RATE, LONGEST)
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    axes = figure.subplots(4, 1, sharex=True, height_ratios=[2.8, 0.42, 0.78, 1.7])
    intervals = example.phones.intervals if example.phones is not None else ()
    draw_spectrogram(axes[0], example.spectra, (0, end))
    draw_phones(axes[1], intervals, (0, end))
    draw_lips(axes[2], example.lips, (0, end), _CROPS)
    _aperture(axes[3], example, intervals)
    axes[3].set_xlim(0, end)
    return figure


def _aperture(axes: Axes, example: Example, intervals: Sequence[PhoneInterval]) -> None:
    shade_bilabials(axes, intervals)
    times = (np.arange(len(example.aperture)) + 0.5) / FRAME_RATE
    axes.plot(times, example.aperture, color=INK, linewidth=1.6, label="in the pictures")
    axes.plot(times, example.predicted, color=RED, linewidth=1.6, label="predicted from sound")
    axes.set_ylabel("lip gap\n(eye distances)")
    axes.set_xlabel("seconds")
    axes.legend(loc="upper right", frameon=False, ncols=2, fontsize=9)
    top = max(float(example.aperture.max()), float(example.predicted.max()))
    axes.set_ylim(min(0.0, float(example.predicted.min())), top * 1.3 + 1e-3)
    plain(axes)


def draw_offset_curves(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Mean similarity of the sound with the video moved by -15 ... +15 frames."""
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=FAINT, linewidth=0)
    for (name, curve), colour in zip(curves.items(), (BLUE, RED), strict=False):
        axes.plot(sync.SHIFTS, curve, color=colour, linewidth=2.2, label=name)
    axes.set_xlabel("video moved by (frames of 40 ms)")
    axes.set_ylabel("mean cosine similarity")
    axes.set_xticks(range(-15, 16, 5))
    axes.legend(frameon=False, fontsize=9)
    plain(axes, grid=True)
    return figure


def draw_training(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """Loss and window sync over steps; `curves` maps a column of the log to steps and values."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, colour, width in (("train/loss", "#9db4c8", 1.0), ("validation/loss", BLUE, 2.0)):
        if name in curves:
            left.plot(*curves[name], color=colour, linewidth=width, label=name.split("/")[0])
    left.set_ylabel("loss")
    left.legend(frameon=False, fontsize=9)
    if "validation/window_sync" in curves:
        right.plot(*curves["validation/window_sync"], color=RED, linewidth=2)
    right.set_ylim(0, 1.02)
    right.set_ylabel("0.4-s windows in sync")
    for axes in (left, right):
        axes.set_xlabel("step")
        plain(axes, grid=True)
    return figure


def draw_bilabials(results: Results, splits: Sequence[str]) -> Figure:
    """Lip gap at /p b m/ against the shift of the video, in the pictures and predicted."""
    figure = Figure(figsize=(4.6 * len(splits), 3.3), layout="constrained")
    for axes, split in zip(figure.subplots(1, len(splits), squeeze=False)[0], splits, strict=True):
        for source, colour, label in (("pictures", INK, "in the pictures"), (OWN, RED, "predicted from sound")):
            curve = [one.estimate for one in results.select(split, "bilabial gap", source=source)]
            low, high = [e.low for e in curve], [e.high for e in curve]
            axes.fill_between(closures.SHIFTS, low, high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(closures.SHIFTS, [e.value for e in curve], color=colour, marker="o", markersize=4, label=label)
        axes.set_title(split, fontsize=10, color=INK)
        axes.set_xlabel("video moved by (frames of 40 ms)")
        axes.set_ylim(bottom=0)
        plain(axes, grid=True)
        axes.legend(frameon=False, fontsize=9)
    figure.axes[0].set_ylabel("normalised lip gap")
    return figure


def splits_with_bilabials(results: Results) -> list[str]:
    """The splits with enough bilabials to draw."""
    return [split.name for split in results.splits if _bilabials(results, split.name) >= LEAST_TOKENS]


def _bilabials(results: Results, split: str) -> float:
    """Bilabials that the middle of a split's curve rests on."""
    return sum(float(one.table[:, 1].sum()) for one in results.select(split, "bilabial gap", "+0", "pictures"))
