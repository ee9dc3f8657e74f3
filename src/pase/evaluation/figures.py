"""The report's figures, from arrays; each function returns a figure and draws nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation import closures, sync
from pase.evaluation.bootstrap import Estimate
from pase.evaluation.results import INPUT_NAMES, BilabialResult, Results
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONES, VISEME_NAMES, VISEME_OF_PHONE
from pase.report.style import BLUE, FAINT, INK, MUTED, RED, VISEME_COLOURS, plain
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


def draw_offset_curves(total: Mapping[str, Sequence[float]], examples: Mapping[str, Sequence[float]]) -> Figure:
    """Mean similarity of the sound with the video moved by -15 ... +15 frames."""
    figure = Figure(figsize=(7.2, 4), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=FAINT, linewidth=0)
    for name, curve in examples.items():
        axes.plot(sync.SHIFTS, curve, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)), label=name)
    for (name, curve), colour in zip(total.items(), (BLUE, RED), strict=False):
        axes.plot(sync.SHIFTS, curve, color=colour, linewidth=2.2, label=name)
    axes.set_xlabel("video moved by (frames of 40 ms)")
    axes.set_ylabel("mean cosine similarity")
    axes.set_xticks(range(-15, 16, 5))
    axes.legend(frameon=False, fontsize=8.5, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
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


def draw_bilabials(results: Results) -> Figure:
    """Lip gap at /p b m/ against the shift of the video, in the pictures and predicted."""
    found = enough_bilabials(results)
    figure = Figure(figsize=(4.6 * len(found), 3.3), layout="constrained")
    for axes, (name, split) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        for curve, colour, label in (
            (split.seen, INK, "in the pictures"),
            (split.predicted, RED, "predicted from sound"),
        ):
            axes.fill_between(
                closures.SHIFTS, [e.low for e in curve], [e.high for e in curve], color=colour, alpha=0.12, linewidth=0
            )
            axes.plot(closures.SHIFTS, [e.value for e in curve], color=colour, marker="o", markersize=4, label=label)
        axes.set_title(f"{name}: {split.tokens} bilabials", fontsize=10, color=INK)
        axes.set_xlabel("video moved by (frames of 40 ms)")
        axes.set_ylim(bottom=0)
        plain(axes, grid=True)
        axes.legend(frameon=False, fontsize=9)
    figure.axes[0].set_ylabel("normalised lip gap")
    return figure


def enough_bilabials(results: Results) -> dict[str, BilabialResult]:
    """The splits with enough bilabials to draw, by name."""
    found = {split.name: split.bilabials for split in results.splits}
    return {name: own for name, own in found.items() if own is not None and own.tokens >= LEAST_TOKENS}


def draw_comparison(results: Results) -> Figure:
    """What can be read from the features and from plain acoustics, with intervals."""
    rows = _comparison_rows(results)
    figure = Figure(figsize=(6, 0.9 + 0.62 * len(rows)), layout="constrained")
    axes = figure.subplots()
    colours = {"features": RED, "untrained": "#d9a441", "log-STFT": MUTED, "log-mel": BLUE}
    for place, (label, estimates) in enumerate(reversed(rows)):
        axes.text(0.012, place + 0.36, label, va="center", fontsize=9.5, color=INK)
        for offset, (name, estimate) in zip((0.16, 0.02, -0.12, -0.26), estimates.items(), strict=False):
            axes.plot([estimate.low, estimate.high], [place + offset] * 2, color=colours[name], linewidth=2, alpha=0.4)
            axes.plot(estimate.value, place + offset, "o", color=colours[name], markersize=6)
    for name, colour in colours.items():
        axes.plot([], [], "o", color=colour, label=INPUT_NAMES.get(name, name))
    axes.set_yticks([place + 0.5 for place in range(len(rows))], [""] * len(rows))
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.set_xlim(0, 1)
    axes.legend(frameon=False, fontsize=9, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    plain(axes, grid=True)
    return figure


def _comparison_rows(results: Results) -> list[tuple[str, dict[str, Estimate]]]:
    rows = []
    for split in results.splits:
        rows.append((f"lip aperture, correlation ({split.name})", {a.input: a.pooled for a in split.aperture}))
        for target, context in dict.fromkeys((probe.target, probe.context) for probe in split.probes):
            found = {p.input: p.accuracy for p in split.probes if (p.target, p.context) == (target, context)}
            frames = "1 frame" if context == 1 else f"{context} frames"
            rows.append((f"{target} accuracy, {frames} ({split.name})", found))
    return rows


def draw_phone_map(means: NDArray[np.float32], frames: NDArray[np.int64], least: int = 5) -> Figure:
    """Mean feature of each phone on the two main axes of their spread, coloured by viseme."""
    shown = _by_viseme(frames, least)
    centred = means[shown] - means[shown].mean(axis=0)
    _, sizes, axes_of_spread = np.linalg.svd(centred, full_matrices=False)
    points = centred @ axes_of_spread[:2].T
    share = np.square(sizes[:2]).sum() / max(float(np.square(sizes).sum()), 1e-12)
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    axes = figure.subplots()
    for viseme, name in enumerate(VISEME_NAMES):
        own = [place for place, phone in enumerate(shown) if VISEME_OF_PHONE[phone] == viseme]
        if own:
            axes.scatter(points[own, 0], points[own, 1], s=260, color=[VISEME_COLOURS[viseme]], alpha=0.8, label=name)
    for point, phone in zip(points, shown, strict=True):
        axes.text(point[0], point[1], PHONES[phone], ha="center", va="center", fontsize=7.5, color=INK)
    axes.set_xlabel(f"first two principal axes, {100 * share:.0f} % of the spread between phones")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(FAINT)
    legend = axes.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5), labelspacing=0.8)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set(sizes=[60])
    axes.xaxis.label.set(color=MUTED, fontsize=9.5)
    return figure


def draw_phone_similarity(means: NDArray[np.float32], frames: NDArray[np.int64], least: int = 5) -> Figure:
    """Cosine similarity of the phones' mean features, sorted by viseme."""
    shown = _by_viseme(frames, least)
    centred = means[shown] - means[shown].mean(axis=0)
    directions = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(directions @ directions.T, cmap="RdBu_r", vmin=-1, vmax=1)
    names = [PHONES[phone] for phone in shown]
    axes.set_xticks(range(len(shown)), names, rotation=90, fontsize=7.5)
    axes.set_yticks(range(len(shown)), names, fontsize=7.5)
    visemes = np.array([VISEME_OF_PHONE[phone] for phone in shown])
    for edge in np.flatnonzero(np.diff(visemes)) + 0.5:
        axes.axhline(edge, color="white", linewidth=1.2)
        axes.axvline(edge, color="white", linewidth=1.2)
    figure.colorbar(image, ax=axes, shrink=0.8, label="cosine similarity")
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    return figure


def _by_viseme(frames: NDArray[np.int64], least: int) -> list[int]:
    """Phones that are heard often enough, neighbours in a viseme side by side."""
    common = [phone for phone in range(len(PHONES)) if frames[phone] >= least]
    return sorted(common, key=lambda phone: (VISEME_OF_PHONE[phone], phone))
