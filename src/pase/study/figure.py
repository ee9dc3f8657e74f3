"""The differences of a study's rows from its base row, drawn."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pase.report.style import BLUE, FAINT, MUTED, RED, plain
from pase.study.comparison import COLUMNS, Column, Comparison
from pase.study.plan import BASE

_ROW = 0.28
"""Inches for a row."""

_PANELS = 4
"""Side by side."""


def draw_differences(comparison: Comparison, split: str) -> Figure:
    """A panel for each measure: mean difference of each row with its interval, coloured where that excludes 0."""
    rows = [row for row in comparison if row != BASE]
    columns = [c for c in COLUMNS if any(f"{split}/{c.name}" in comparison[row] for row in rows)]
    lines = math.ceil(len(columns) / _PANELS)
    figure = Figure(figsize=(9.5, lines * (0.8 + _ROW * len(rows))), layout="constrained")
    panels = figure.subplots(lines, _PANELS, sharey=True, squeeze=False).flatten()
    for axes, column in zip(panels, columns, strict=False):
        _panel(axes, column, comparison, rows, split)
    for axes in panels[len(columns) :]:
        axes.set_visible(False)
    panels[0].set_yticks(range(len(rows)), rows)
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _panel(axes: Axes, column: Column, comparison: Comparison, rows: list[str], split: str) -> None:
    axes.axvline(0, color=FAINT, linewidth=1)
    for place, row in enumerate(rows):
        cell = comparison[row].get(f"{split}/{column.name}")
        if cell is None or cell.difference is None:
            continue
        by = cell.difference
        colour = (BLUE if column.improves(by) else RED) if by.excludes_zero else MUTED
        if not math.isnan(by.low):
            axes.plot([by.low, by.high], [place, place], color=colour, linewidth=1.6)
        axes.plot(by.value, place, "o", color=colour, markersize=4.5)
    axes.set_title(column.heading, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="x", nbins=4)
    plain(axes)
