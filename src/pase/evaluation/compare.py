"""Evaluations of several runs side by side: groups of training seeds, and each group against the first.

The value of a group is the mean over its seeds. Its 95 % interval joins two uncertainties in quadrature: that of the
seeds, from Student's t over the seeds' values, and that of the clips, from a bootstrap in which every seed of every
group is given the same draw of clips. A difference is taken between seeds in the order given (the first of one group
with the first of the other) and between the same clips. With one seed the interval is that of the clips alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pase.errors import InputError
from pase.evaluation.bootstrap import STATISTICS, Floats, draw_clips
from pase.evaluation.measures import MEASURES
from pase.evaluation.representations import OWN
from pase.evaluation.results import Measured, Results
from pase.evaluation.tables import CURVES, HEADLINES, SWEPT, labelled, markdown
from pase.files import write_text

_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom."""

Groups = Mapping[str, Sequence[Results]]


@dataclass(frozen=True)
class Key:
    """What is compared.

    Attributes:
        split: Name of the split.
        condition: How clips were heard.
        measure: One of `pase.evaluation.measures.MEASURES`.
        at: What it was measured at.
    """

    split: str
    condition: str
    measure: str
    at: str


@dataclass(frozen=True)
class Interval:
    """A mean over seeds, or a difference of two.

    Attributes:
        value: The mean.
        low: Lower end of the 95 % interval; NaN where it is not known.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0

    def text(self, digits: int, sign: str = "") -> str:
        """For tables."""
        if math.isnan(self.value):
            return "-"
        value = f"{self.value:{sign}.{digits}f}"
        return (
            value if math.isnan(self.low) else f"{value} ({self.low:{sign}.{digits}f} … {self.high:{sign}.{digits}f})"
        )


@dataclass(frozen=True)
class Comparison:
    """One measure of every group.

    Attributes:
        key: What it is.
        values: By group.
        differences: Of each group but the first from the first.
    """

    key: Key
    values: Mapping[str, Interval]
    differences: Mapping[str, Interval]


def compare(groups: Groups, keys: Sequence[Key], seed: int) -> list[Comparison]:
    """Compare groups by measures of the model's own features.

    Args:
        groups: Results of each group's seeds, in the same order of seeds; the first group is what others are compared
            with.
        keys: What to compare; what any of the results lacks is left out.
        seed: Of the bootstrap.

    Raises:
        InputError: There is nothing to compare, or the results are of different clips.
    """
    if not groups:
        raise InputError("no results were given: nothing can be compared")
    _check_clips([one for results in groups.values() for one in results])
    found = []
    for key in keys:
        measured = {name: [_find(one, key) for one in results] for name, results in groups.items()}
        whole = {name: [one for one in row if one is not None] for name, row in measured.items()}
        if all(len(whole[name]) == len(row) for name, row in measured.items()):
            found.append(_compare_one(key, whole, seed))
    return found


def keys_of(groups: Groups, everything: bool) -> list[Key]:
    """What can be compared: the measures that count and those that are swept, or all but curves."""
    first = next(iter(groups.values()))[0]
    wanted = {*HEADLINES, *SWEPT}
    chosen = [
        one
        for one in first.measured
        if one.input == OWN and one.measure not in CURVES and (everything or (one.measure, one.at) in wanted)
    ]
    order = list(MEASURES)
    chosen.sort(key=lambda one: order.index(one.measure))
    return list(dict.fromkeys(Key(one.split, one.condition, one.measure, one.at) for one in chosen))


def compare_files(texts: Sequence[str], everything: bool, seed: int, output: Path | None) -> str:
    """Compare results files, and write the tables as Markdown where an output is named.

    Args:
        texts: ``NAME=PATH`` or ``PATH`` of a ``results.json`` or its folder; without a name that of the folder.
        everything: Compare every measure.
        seed: Of the bootstrap.
        output: File to write.

    Raises:
        InputError: A file cannot be read, or results are of different clips.
    """
    groups: dict[str, list[Results]] = {}
    for text in texts:
        name, path = _named_path(text)
        groups.setdefault(name, []).append(Results.load(path))
    tables = to_markdown(groups, compare(groups, keys_of(groups, everything), seed))
    if output is not None:
        write_text(output, tables)
    return tables


def to_markdown(groups: Groups, found: Sequence[Comparison]) -> str:
    """A table for each split and condition; differences whose interval excludes zero are bold."""
    base, *others = groups
    head = ["measure", *groups, *(f"{name} - {base}" for name in others)]
    seeds = ", ".join(f"{name} {len(results)}" for name, results in groups.items())
    parts = [
        "# Comparison",
        f"Runs: {seeds}. Brackets: 95 % interval over training seeds (Student's t) and clips (bootstrap) in "
        "quadrature; of one run over clips alone. Differences are paired by run and by clip; bold where the interval "
        "excludes zero. Arrows: whether higher or lower values are better.",
    ]
    for place in dict.fromkeys((one.key.split, one.key.condition) for one in found):
        rows = [_row(one, groups, others) for one in found if (one.key.split, one.key.condition) == place]
        parts += [f"## {', '.join(place)}", markdown([head, *rows])]
    return "\n\n".join(parts) + "\n"


def _row(one: Comparison, groups: Groups, others: Sequence[str]) -> list[str]:
    measure = MEASURES[one.key.measure]
    arrow = {"higher": " ↑", "lower": " ↓", "": ""}[measure.better]
    differences = []
    for name in others:
        text = one.differences[name].text(measure.digits, "+")
        differences.append(f"**{text}**" if one.differences[name].excludes_zero else text)
    values = [one.values[name].text(measure.digits) for name in groups]
    return [labelled(one.key.measure, one.key.at) + arrow, *values, *differences]


def _compare_one(key: Key, measured: Mapping[str, Sequence[Measured]], seed: int) -> Comparison:
    values = {name: np.array([one.estimate.value for one in row]) for name, row in measured.items()}
    drawn = {name: _drawn(row, seed) for name, row in measured.items()}
    base = next(iter(measured))
    return Comparison(
        key,
        {name: _joined(values[name].mean(), _spread(values[name]), drawn[name]) for name in measured},
        {
            name: _joined(
                values[name].mean() - values[base].mean(),
                _spread_of_difference(values[name], values[base]),
                drawn[name] - drawn[base],
            )
            for name in measured
            if name != base
        },
    )


def _drawn(row: Sequence[Measured], seed: int) -> Floats:
    """The mean over seeds for every draw of clips; empty where the sums were not kept."""
    if not all(one.sums for one in row):
        return np.zeros(0)
    times, statistic = draw_clips(len(row[0].sums), seed), STATISTICS[MEASURES[row[0].measure].statistic]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.mean([statistic(times @ one.table) for one in row], axis=0))


def _joined(value: float, seeds: float, drawn: Floats) -> Interval:
    """Interval from a half width over seeds and the draws of clips."""
    finite = drawn[np.isfinite(drawn)]
    if not len(finite) and math.isnan(seeds):
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (value, value)
    width = 0.0 if math.isnan(seeds) else seeds
    return Interval(
        float(value),
        float(value - math.hypot(width, max(0.0, value - low))),
        float(value + math.hypot(width, max(0.0, high - value))),
    )


def _spread(values: Floats) -> float:
    """Half width of the interval of a mean over seeds; NaN of a single one."""
    count = len(values)
    return math.nan if count < 2 else _t(count - 1) * float(values.std(ddof=1)) / math.sqrt(count)


def _spread_of_difference(one: Floats, other: Floats) -> float:
    """Paired where both have as many seeds, otherwise with the degrees of freedom of the smaller group."""
    if len(one) == len(other):
        return _spread(one - other)
    if min(len(one), len(other)) < 2:
        return math.nan
    variance = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    return _t(min(len(one), len(other)) - 1) * math.sqrt(variance)


def _t(freedom: int) -> float:
    return _T[min(freedom, len(_T)) - 1]


def _find(results: Results, key: Key) -> Measured | None:
    found = results.select(key.split, key.measure, key.at, OWN, key.condition)
    return found[0] if found and not math.isnan(found[0].estimate.value) else None


def _check_clips(results: Sequence[Results]) -> None:
    first = {split.name: split.clips for split in results[0].splits}
    for other in results[1:]:
        for split in other.splits:
            if first.get(split.name, split.clips) != split.clips:
                raise InputError(
                    f"{other.checkpoint} was measured on other {split.name} clips than {results[0].checkpoint}: "
                    f"{len(split.clips)} and {len(first[split.name])}. Evaluate both on the same corpus."
                )


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, rest = text.partition("=")
    path = Path(rest if equals else text)
    folder = path.parent if path.suffix == ".json" else path
    return name if equals else folder.absolute().name, path if path.suffix == ".json" else path / "results.json"
