"""Charts of what was measured: representations side by side, noise, lengths of stretches, homophenes, silence."""

from collections.abc import Mapping, Sequence
from itertools import chain, cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pase.evaluation.measures import MEASURES
from pase.evaluation.representations import OWN, UNTRAINED
from pase.evaluation.results import Measured, Results, places
from pase.evaluation.tables import HEADLINES, SWEPT, labelled, named
from pase.report.style import BLUE, FAINT, INK, MUTED, RED, plain

_COLOURS = ("#5a7d3a", BLUE, "#7b5ea7", "#3f8f8f", "#8c6d46", "#b0588c")

_FIXED = {OWN: RED, UNTRAINED: "#d9a441", "log-STFT": "#9aa5b0", "pictures": INK, "no motion": MUTED}

_WRAP = 3
"""Panels side by side."""

_SILENCE = (("silent aperture", ""), ("silent jitter", ""), ("silent change", ""), ("edge change", ""))


def colours_of(sources: Sequence[str]) -> dict[str, str]:
    """One colour for each representation, the same in all charts of a page."""
    others = cycle(_COLOURS)
    return {source: _FIXED.get(source) or next(others) for source in sources}


def draw_headlines(results: Results) -> Figure:
    """The measures that count, of every representation and split, with intervals."""
    measures = [row for row in (*HEADLINES, ("phone", "1 frame")) if row[0] != "sync"]
    return _draw_dots(results, measures, {"lmd": ("no motion",)})


def draw_silence(results: Results) -> Figure:
    """What lips and features do in silence, beside what the pictures show."""
    beside = {"silent aperture": ("pictures",), "silent jitter": ("pictures",)}
    return _draw_dots(results, _SILENCE, beside)


def draw_sweep(results: Results, split: str) -> Figure:
    """Curves of every swept measure over signal-to-noise ratio, rooms beside them."""
    rows = [row for row in SWEPT if results.select(split, *row)]
    figure, panels = _panels(len(rows), 2.55)
    colours = colours_of(results.inputs)
    for axes, (measure, at) in zip(panels, rows, strict=True):
        for source in reversed(results.inputs):
            points = [results.find(split, measure, at, source, condition) for condition in results.conditions]
            _curve(
                axes, results.conditions, [np.nan if p is None else p.value for p in points], colours[source], source
            )
        axes.set_title(labelled(measure, at), fontsize=9.5, color=INK)
        axes.set_xticks(range(len(results.conditions)), [_short(c) for c in results.conditions], rotation=60)
        plain(axes, grid=True)
        axes.tick_params(labelsize=7.5)
    _legend(figure, {named(source): colours[source] for source in results.inputs})
    return figure


def draw_lengths(results: Results) -> Figure:
    """Sync and retrieval against the length of the stretch."""
    figure = Figure(figsize=(7.6, 3.3), layout="constrained")
    colours = dict(zip((split.name for split in results.splits), (BLUE, RED), strict=False))
    for axes, measure in zip(figure.subplots(1, 2), ("sync", "recall@1"), strict=True):
        for split, colour in colours.items():
            found = [one for one in results.select(split, measure, source=OWN) if one.at != "clip"]
            seconds = [float(one.at.split()[0]) for one in found]
            axes.fill_between(
                seconds,
                [f.estimate.low for f in found],
                [f.estimate.high for f in found],
                color=colour,
                alpha=0.12,
                lw=0,
            )
            axes.plot(seconds, [f.estimate.value for f in found], "o-", color=colour, markersize=4, label=split)
        axes.set_title(MEASURES[measure].label, fontsize=9.5, color=INK)
        axes.set_xscale("log", base=2)
        axes.set_xticks([0.2, 0.4, 0.8, 1.6], ["0.2", "0.4", "0.8", "1.6"])
        axes.set_xlabel("length of the stretch (s)")
        axes.set_ylim(-0.02, 1.03)
        plain(axes, grid=True)
    figure.axes[0].legend(frameon=False, fontsize=9)
    return figure


def draw_homophenes(results: Results, split: str) -> Figure:
    """Silhouette by viseme and by phone for each viseme of several phones, of every representation."""
    groups = places(results.select(split, "homophene gap"))
    figure = Figure(figsize=(8.6, 0.9 + 0.42 * len(groups)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1])
    colours = colours_of(results.inputs)
    for axes, measure in zip(panels, ("homophene gap", "viseme silhouette"), strict=True):
        for source in reversed(results.inputs):
            found = {one.at: one for one in results.select(split, measure, source=source)}
            own = [place for place, group in enumerate(groups) if group in found]
            values = [found[groups[place]].estimate.value for place in own]
            size = 7 if source == OWN else 5
            axes.plot(values, own, "o", color=colours[source], markersize=size, alpha=0.9)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_title(MEASURES[measure].label, fontsize=9.5, color=INK)
        plain(axes, grid=True)
    panels[0].set_yticks(range(len(groups)), groups)
    panels[0].invert_yaxis()
    _legend(figure, {named(source): colours[source] for source in results.inputs})
    return figure


def _draw_dots(results: Results, measures: Sequence[tuple[str, str]], beside: Mapping[str, Sequence[str]]) -> Figure:
    """A panel for each measure and split; `beside` names what is shown with a measure apart from the inputs."""
    splits = [split.name for split in results.splits if results.select(split.name, *measures[0])]
    shown = [[*results.inputs, *beside.get(measure, ())] for measure, _ in measures]
    names = list(dict.fromkeys(chain.from_iterable(shown)))
    colours = colours_of(names)
    figure = Figure(figsize=(10.4, 0.5 + (0.75 + 0.24 * len(names)) * len(splits)), layout="constrained")
    grid = figure.subplots(len(splits), len(measures), squeeze=False, sharey=True, sharex="col")
    for row, split in zip(grid, splits, strict=True):
        for axes, (measure, at) in zip(row, measures, strict=True):
            found = {one.input: one for one in results.select(split, measure, at) if one.input in names}
            for place, source in enumerate(names):
                if source in found:
                    _dot(axes, found[source], place, colours[source])
            plain(axes, grid=True)
            axes.xaxis.set_major_locator(MaxNLocator(4))
        row[0].set_ylabel(split)
        row[0].set_yticks(range(len(names)), [named(name) for name in names])
        row[0].set_ylim(len(names) - 0.5, -0.5)
    for axes, (measure, at) in zip(grid[0], measures, strict=True):
        arrow = {"higher": " →", "lower": " ←", "": ""}[MEASURES[measure].better]
        axes.set_title(_broken(labelled(measure, at)) + arrow, fontsize=9, color=INK)
    return figure


def _dot(axes: Axes, one: Measured, place: int, colour: str) -> None:
    axes.plot([one.estimate.low, one.estimate.high], [place, place], color=colour, linewidth=2.2, alpha=0.4)
    axes.plot(one.estimate.value, place, "o", color=colour, markersize=6.5)


def _curve(axes: Axes, conditions: Sequence[str], values: Sequence[float], colour: str, source: str) -> None:
    """A line over clean and noisy conditions, points alone for rooms."""
    noisy = [place for place, condition in enumerate(conditions) if "reverberant" not in condition]
    rooms = [place for place in range(len(conditions)) if place not in noisy]
    width = 2.2 if source == OWN else 1.3
    axes.plot(noisy, [values[place] for place in noisy], "o-", color=colour, linewidth=width, markersize=3.5)
    axes.plot(rooms, [values[place] for place in rooms], "D", color=colour, markersize=4.5)


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    rows = -(-count // _WRAP)
    figure = Figure(figsize=(10.4, height * rows), layout="constrained")
    grid: list[Axes] = list(figure.subplots(rows, _WRAP, squeeze=False).flat)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def _legend(figure: Figure, colours: Mapping[str, str]) -> None:
    handles = [figure.axes[0].plot([], [], "o", color=colour, label=name)[0] for name, colour in colours.items()]
    figure.legend(
        handles=handles,
        frameon=False,
        fontsize=9,
        ncols=min(len(colours), 5),
        loc="outside upper center",
        labelcolor=INK,
        edgecolor=FAINT,
    )


def _short(condition: str) -> str:
    return condition.removeprefix("noise ").replace("reverberant", "room")


def _broken(label: str) -> str:
    """A label in two lines where it is long."""
    if len(label) <= 24:
        return label
    place = label.rfind(" ", 0, len(label) // 2 + 6)
    return f"{label[:place]}\n{label[place + 1 :]}"
