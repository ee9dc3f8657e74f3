"""Figures of phones in feature space."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pase.phonemes.inventory import PHONES, VISEME_NAMES, VISEME_OF_PHONE
from pase.report.style import FAINT, INK, MUTED, VISEME_COLOURS


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
