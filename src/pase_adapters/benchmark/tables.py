"""A benchmark's results as tables: means over seeds, and differences from PASE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from pase.study.intervals import SeedMean, paired_difference, seed_mean
from pase_adapters.benchmark.plan import OURS
from pase_adapters.benchmark.results import Result

Table = list[list[str]]


@dataclass(frozen=True)
class Column:
    """A measure as a column.

    Attributes:
        score: Its name among the scores.
        title: Short.
        digits: After the point.
        sign: 1 where higher is better, -1 where lower is.
        bounds: What it cannot leave: no interval of a mean does, and two of it are compared by their difference, not in
            percent.
        filmed: Whether the videos as filmed can be set beside.
    """

    score: str
    title: str
    digits: int
    sign: int
    bounds: tuple[float, float] | None = None
    filmed: bool = True

    @property
    def head(self) -> str:
        """The title with its direction."""
        return f"{self.title} {'↑' if self.sign > 0 else '↓'}"


@dataclass(frozen=True)
class Measures:
    """The columns of a table, and what they mean."""

    columns: tuple[Column, ...]
    legend: str


_SHARE, _DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)

_LMD = Column("LMD, relative", "LMD", 4, -1)
_SYNC = (Column("LSE-C", "LSE-C", 3, 1), Column("LSE-D", "LSE-D", 3, -1))
_F1 = Column("closures, F1", "closures", 3, 1, _SHARE)
_ABOVE_VOWELS = Column("closed at bilabials, above vowels", "closures", 3, 1, _DIFFERENCE)
_FOLLOWING = (Column("aperture", "aperture", 3, 1, _DIFFERENCE), Column("width", "width", 3, 1, _DIFFERENCE))
_JITTER = Column("jitter in silence", "jitter", 4, -1)
_FACELESS = Column("frames without a face", "no face", 3, -1, _SHARE)

TAKES = Measures(
    (
        *(_LMD, *_FOLLOWING, _F1),
        *(Column("closures, recall", "recall", 3, 1, _SHARE), Column("closures, precision", "precision", 3, 1, _SHARE)),
        *(*_SYNC, Column("PSNR, mouth", "PSNR", 2, 1), Column("SSIM, mouth", "SSIM", 4, 1), _JITTER, _FACELESS),
    ),
    "LMD: distance of lip points in mouth widths. Aperture, width: correlation with the real mouth's. Closures: F1 of "
    "recall, the share of the real ones at /p b m/ that are rendered, and precision, the share of the rendered ones "
    "that are real. PSNR (dB) and SSIM: of the mouth. Jitter: movement in silence from frame to frame, mouth widths. "
    "No face: share of the frames, which are left out of all that is said of lips.",
)
"""Of test clips, which have a reference."""

RECITALS = Measures(
    (
        *(_ABOVE_VOWELS, Column("closed at bilabials", "at bilabials", 3, 1, _SHARE)),
        Column("closed at vowels", "at vowels", 3, -1, _SHARE),
        *(replace(column, filmed=False) for column in _FOLLOWING),
        *(replace(column, filmed=False) for column in _SYNC),
        *(Column("opening in silence", "opening", 3, -1), _JITTER, _FACELESS),
    ),
    "Closures: share of /p b m/ at which the lips close, less that of vowels, where they should seldom. Aperture, "
    "width: correlation with the mouth of the one who was filmed speaking, mean of the clips. Opening: gap of the lips "
    "in silence, against the range of real gaps. Jitter: movement in silence, mouth widths. No face: share of the "
    "frames. Sync of the videos as filmed is left out: they are shorter than a recital, and scores depend on "
    "the length.",
)
"""Of speech that the rendered person was not filmed speaking."""

AHEAD_NOTE = (
    f"Positive where {OURS} is better. Sync and distance: difference of the means over seeds in percent of the other's "
    "mean; aperture: difference of correlations in points, a hundredth each; closures: likewise of shares, of as many "
    "closures as are told below. Intervals of 95 % by "
    "Student's t cover the seeds of training alone, not the choice of clips, which are the same for all. Only the "
    "features in the tables below are compared, on seeds that both have."
)
"""To `table_ahead`."""

_RESTS_ON = {_F1.score: "closures, recall", _ABOVE_VOWELS.score: "closed at bilabials"}
"""Of derived measures, whose count is told for them."""


def table_ahead(found: Mapping[str, Mapping[str, Sequence[Result]]]) -> Table:
    """How far PASE is ahead of the best other features, see `AHEAD_NOTE`.

    Args:
        found: Renderer to what it was driven by to results.
    """
    kinds = ((_SYNC[0],), (_LMD,), _FOLLOWING[:1], (_F1, _ABOVE_VOWELS))
    table = [["", *(f"{column.title}, {'points' if column.bounds else '%'}" for column, *_ in kinds)]]
    for renderer, drives in found.items():
        for drive, results in drives.items():
            row = [f"{renderer}, {drive}"]
            scores = by_features(results)
            for columns in kinds:
                row.append(_ahead(scores, next((own for own in columns if _known(scores, own)), columns[0])))
            table.append(row)
    return table


def _ahead(scores: Mapping[str, Mapping[int, Mapping[str, float]]], column: Column) -> str:
    """How far, and of whom: of the features that are best on the seeds they share with PASE."""
    named = {
        name: {seed: one[column.score] for seed, one in own.items()} for name, own in _known(scores, column).items()
    }
    ours = named.pop(OURS, {})
    others = {
        name: shared for name, own in named.items() if (shared := {seed: own[seed] for seed in own if seed in ours})
    }
    if not others:
        return ""
    best = max(others, key=lambda name: column.sign * mean(others[name].values()))
    base = mean(others[best].values())
    if column.bounds is None and base <= 0:
        return f"no percentage of {best}: {base:.3f}"
    scale = 100.0 if column.bounds else 100 / base
    ahead = seed_mean([column.sign * scale * (ours[seed] - own) for seed, own in others[best].items()])
    return f"{ahead.text(1, '+')}\nover {best}"


def _known(
    scores: Mapping[str, Mapping[int, Mapping[str, float]]], column: Column
) -> dict[str, dict[int, Mapping[str, float]]]:
    kept = {name: {seed: one for seed, one in own.items() if column.score in one} for name, own in scores.items()}
    return {name: own for name, own in kept.items() if own}


def table_of_means(results: Sequence[Result], real: Result, columns: Sequence[Column]) -> Table:
    """A line for each kind of features, one for the videos as filmed, and what each measure of a run rests on.

    That is a number of frames or phones, the mean over runs.
    """
    table = [["features", "seeds", *(column.head for column in columns)]]
    for name, seeds in by_features(results).items():
        cells = []
        for column in columns:
            values = [scores[column.score] for scores in seeds.values() if column.score in scores]
            cells.append(_within(seed_mean(values), column).text(column.digits) if values else "")
        table.append([name, str(len(seeds)), *cells])
    known = _with_derived(real.scores)
    filmed = [f"{known[own.score]:.{own.digits}f}" if own.filmed and own.score in known else "" for own in columns]
    counted = []
    for column in columns:
        name = _RESTS_ON.get(column.score, column.score)
        counts = [one.counts[name] for one in results if name in one.counts]
        counted.append(f"{mean(counts):.0f}" if counts else "")
    return [*table, ["the videos as filmed", "", *filmed], ["frames or phones in a run", "", *counted]]


def _within(value: SeedMean, column: Column) -> SeedMean:
    """A mean whose interval stays where its measure can be."""
    if column.bounds is None:
        return value
    low, high = (float(np.clip(end, *column.bounds)) for end in (value.low, value.high))
    return replace(value, low=low, high=high)


def table_of_differences(results: Sequence[Result], columns: Sequence[Column]) -> Table:
    """A line for each kind of features beside PASE."""
    found = by_features(results)
    table = [["features", *(column.head for column in columns)]]
    for name, seeds in found.items():
        if name == OURS:
            continue
        cells = []
        for column in columns:
            one, base = (
                {seed: scores[column.score] for seed, scores in own.items() if column.score in scores}
                for own in (seeds, found.get(OURS, {}))
            )
            difference = paired_difference(one, base)
            cells.append("" if difference is None else difference.text(column.digits, "+"))
        table.append([name, *cells])
    return table


def by_features(results: Sequence[Result]) -> dict[str, dict[int, Mapping[str, float]]]:
    """Scores of each seed of each kind of features, PASE first."""
    found: dict[str, dict[int, Mapping[str, float]]] = {}
    for result in results:
        found.setdefault(result.features, {})[result.seed] = _with_derived(result.scores)
    return dict(sorted(found.items(), key=lambda entry: entry[0] != OURS))


def _with_derived(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores, and those that follow from two of them.

    F1 is 0 where nothing closes, of which there is no precision.
    """
    derived = dict(scores)
    if "closures, recall" in scores:
        recall, precision = scores["closures, recall"], scores.get("closures, precision", 0.0)
        derived[_F1.score] = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    if {"closed at bilabials", "closed at vowels"} <= set(scores):
        derived[_ABOVE_VOWELS.score] = scores["closed at bilabials"] - scores["closed at vowels"]
    return derived
