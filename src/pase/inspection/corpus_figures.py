"""Figures of a whole corpus, from numbers; each function returns a figure and draws nothing else."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

from pase.corpus.clip import FRAME_RATE
from pase.inspection.bilabials import SHIFTS, BilabialCurve
from pase.inspection.statistics import Floats, OffsetSummary
from pase.inspection.tables import ReasonCount
from pase.phonemes.inventory import VISEMES
from pase.report.style import BLUE, FAINT, INK, MUTED, RED, VISEME_COLOURS, colour_of_phone, plain

SPEAKERS = 30
"""Speakers that are drawn, those who speak most."""

REASONS = 15
"""Reasons for quarantine that are drawn, the most frequent."""

QUALITY_NAMES: Mapping[str, str] = {
    "eye_distance": "eye distance (pixels)",
    "sharpness": "sharpness (grey values)",
    "brightness": "brightness (grey value)",
    "motion": "motion (grey values per frame)",
    "loudness": "loudness (of full scale)",
    "snr": "speech above pauses (dB)",
    "speech": "speech (share of time)",
    "clipping": "clipped (share of samples)",
}
"""What stands at the axis of a known quality measure, in this order; others follow by their own name."""

_LABEL = 34  # characters of a name at an axis


def quality_name(name: str) -> str:
    """A quality measure and its unit in words."""
    return QUALITY_NAMES.get(name, name.replace("_", " "))


def draw_clip_lengths(seconds: Floats) -> Figure:
    """Histogram of clip lengths."""
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    axes = figure.subplots()
    step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if seconds.max() <= 40 * step or step == 20)
    bins = np.arange(0, seconds.max() + 2 * step, step) - step / 2
    axes.hist(seconds, bins=list(bins), color=BLUE, edgecolor="white", lw=0.5)
    axes.set_xlim(left=0)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    plain(axes)
    axes.set_xlabel("length of a clip (seconds)")
    axes.set_ylabel("clips")
    return figure


def draw_speakers(hours: Sequence[tuple[str, float]]) -> Figure:
    """Bars of hours for the speakers with most."""
    shown = hours[:SPEAKERS]
    in_minutes = shown[0][1] < 1
    lengths = [own * 60 if in_minutes else own for _, own in shown]
    figure, axes = _bars([name for name, _ in shown], lengths, [BLUE] * len(shown))
    _values(axes, lengths, "{:.1f}")
    axes.set_xlabel("minutes" if in_minutes else "hours")
    return figure


def draw_reasons(counts: Sequence[ReasonCount]) -> Figure:
    """Bars of quarantined clips by reason, coloured by stage."""
    shown = counts[:REASONS]
    stages = sorted({count.stage for count in shown})
    palette = dict(zip(stages, [RED, BLUE, "#b7791f", "#4c8c5a", "#7a5ea8", MUTED] * len(stages), strict=False))
    numbers = [float(len(count.clips)) for count in shown]
    figure, axes = _bars([count.label for count in shown], numbers, [palette[count.stage] for count in shown])
    _values(axes, numbers, "{:.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("clips")
    handles = [Patch(color=palette[stage], label=f"stage: {stage or 'not stated'}") for stage in stages]
    axes.legend(handles=handles, frameon=False, fontsize=9, loc="lower right", ncols=4, bbox_to_anchor=(1, 1))
    return figure


def draw_phone_durations(seconds: Mapping[str, Floats]) -> Figure:
    """Box plot of the lengths of each phone by viseme; whiskers reach from the 5th to the 95th percentile."""
    phones = [phone for own in VISEMES.values() for phone in own if phone in seconds]
    percentiles = {phone: np.percentile(seconds[phone] * 1000, [5, 25, 50, 75, 95]) for phone in phones}
    boxes = [
        dict(zip(("whislo", "q1", "med", "q3", "whishi"), own, strict=True), label=phone)
        for phone, own in percentiles.items()
    ]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    drawn = axes.bxp(boxes, widths=0.66, showfliers=False, patch_artist=True, medianprops={"color": INK, "lw": 1.6})
    for patch, phone in zip(drawn["boxes"], phones, strict=True):
        patch.set(facecolor=colour_of_phone(phone), edgecolor=MUTED, linewidth=0.8)
    for line in (*drawn["whiskers"], *drawn["caps"]):
        line.set(color=MUTED, linewidth=0.9)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(
        min(own[0] for own in percentiles.values()) / 1.15, max(own[-1] for own in percentiles.values()) * 1.15
    )
    axes.set_ylabel("milliseconds")
    plain(axes)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0, labelsize=8.5, colors=INK)
    present = [number for number, own in enumerate(VISEMES.values()) if set(own) & set(phones)]
    handles = [Patch(color=VISEME_COLOURS[number], label=list(VISEMES)[number]) for number in present]
    figure.legend(handles=handles, frameon=False, fontsize=8.5, ncols=7, loc="outside upper center")
    return figure


def draw_bilabials(curve: BilabialCurve) -> Figure:
    """Normalised lip gap at /p b m/ against the shift of the video."""
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=FAINT, linewidth=0)
    axes.fill_between(SHIFTS, [g.low for g in curve.gaps], [g.high for g in curve.gaps], color=RED, alpha=0.15, lw=0)
    axes.plot(SHIFTS, [gap.value for gap in curve.gaps], color=RED, marker="o", markersize=5, linewidth=2)
    axes.set_xticks(SHIFTS, [f"{shift:+d}" if shift else "0" for shift in SHIFTS])
    axes.set_xlabel("video moved by (frames of 40 ms)")
    axes.set_ylabel("normalised lip gap")
    axes.set_ylim(bottom=min(0.0, min(gap.value for gap in curve.gaps)))
    plain(axes, grid=True)
    return figure


def draw_offsets(offsets: OffsetSummary) -> Figure:
    """Histogram of measured offsets in milliseconds, those that were corrected set apart."""
    found = offsets.seconds * 1000
    width = 1000 / FRAME_RATE / 4
    reach = max(100.0, (np.floor(np.abs(found).max() / width) + 1.5) * width)
    bins = np.arange(-reach, reach + width, width) + width / 2  # 0 lies in the middle of a bar
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1000 / FRAME_RATE, 1000 / FRAME_RATE, color=FAINT, linewidth=0, label="within one frame")
    kinds = (("left as it was", ~offsets.corrected, BLUE), ("corrected", offsets.corrected, RED))
    shown = [(label, found[own], colour) for label, own, colour in kinds if own.any()]
    axes.hist(
        [values for _, values, _ in shown],
        bins=list(bins),
        stacked=True,
        color=[colour for _, _, colour in shown],
        label=[label for label, _, _ in shown],
    )
    axes.set_xlabel("sound lags behind the picture by (milliseconds)")
    axes.set_ylabel("clips")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=9, loc="lower center", ncols=3, bbox_to_anchor=(0.5, 1.0))
    plain(axes)
    return figure


def draw_quality(values: Mapping[str, Floats]) -> Figure:
    """A histogram of each quality measure, its median marked."""
    order = [
        *(name for name in QUALITY_NAMES if name in values),
        *(name for name in values if name not in QUALITY_NAMES),
    ]
    columns = min(3, len(values))
    rows = -(-len(values) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, order, strict=False):
        own = values[name]
        _histogram(axes, own, BLUE)
        axes.axvline(float(np.median(own)), color=RED, linewidth=1.6)
        axes.set_title(f"median {np.median(own):.3g}", fontsize=9, color=RED, loc="right")
        axes.set_xlabel(quality_name(name))
        axes.xaxis.set_major_locator(MaxNLocator(5))
    for axes in grid[len(values) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel("clips")
    return figure


def _histogram(axes: Axes, values: Floats, colour: str) -> None:
    """At most 40 bars; equal values get one bar around them."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9 * max(abs(high), 1):
        pad = max(abs(low) * 0.5, 0.5)
        axes.hist(values, bins=[low - pad / 5, low + pad / 5], color=colour)
        axes.set_xlim(low - pad, low + pad)
    else:
        axes.hist(values, bins=int(np.clip(2 * np.sqrt(len(values)), 5, 40)), color=colour, edgecolor="white", lw=0.5)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    plain(axes)


def _bars(names: Sequence[str], values: Sequence[float], colours: Sequence[str]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 0.75 + 0.27 * max(len(names), 2)), layout="constrained")
    axes = figure.subplots()
    places = range(len(names))
    axes.barh(places, values, height=0.7, color=list(colours))
    axes.set_yticks(places, [name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…" for name in names])
    axes.set_ylim(max(len(names), 2) - 0.4, -0.6)
    axes.set_xlim(0, max(values) * 1.12)
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain(axes)
    axes.tick_params(axis="y", length=0, colors=INK)
    return figure, axes


def _values(axes: Axes, values: Sequence[float], form: str) -> None:
    for place, value in enumerate(values):
        axes.annotate(form.format(value), (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
