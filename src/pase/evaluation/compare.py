"""Evaluations of several runs side by side: groups of training seeds, and each group against the first.

The value of a group is the mean over its seeds. Its 95 % interval joins two uncertainties in quadrature: that of the
seeds, from Student's t over the seeds' values, and that of the clips, from a bootstrap in which every seed of every
group is given the same draw of clips. A difference is taken between seeds in the order given (the first of one group
with the first of the other) and between the same clips. With one seed the interval is that of the clips alone; with
fewer than `FEWEST` clips there is none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pase.errors import InputError
from pase.evaluation.bootstrap import FEWEST, STATISTICS, Floats, adding, draw_clips
from pase.evaluation.interval import Interval, half_width, student_t
from pase.evaluation.measures import MEASURES
from pase.evaluation.representations import OWN
from pase.evaluation.results import Measured, Results
from pase.evaluation.tables import CURVES, HEADLINES, SWEPT


@dataclass(frozen=True)
class Run:
    """What is compared: one representation in one evaluation.

    Attributes:
        results: The evaluation.
        source: The representation.
    """

    results: Results
    source: str = OWN


Groups = Mapping[str, Sequence[Run]]


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
class Comparison:
    """One measure of every group.

    Attributes:
        key: What it is.
        values: By group, the mean over its seeds.
        differences: Of each group but the first from the first.
    """

    key: Key
    values: Mapping[str, Interval]
    differences: Mapping[str, Interval]


def compare(groups: Groups, keys: Sequence[Key], seed: int) -> list[Comparison]:
    """Compare groups.

    Args:
        groups: Runs of each group, one for each seed, in the same order of seeds; others are compared with
            the first group.
        keys: What to compare; what any of the runs lacks is left out.
        seed: Of the bootstrap.

    Raises:
        InputError: There is nothing to compare, or the results are of different clips.
    """
    if not groups:
        raise InputError("no results were given: nothing can be compared")
    _check_clips([run.results for runs in groups.values() for run in runs])
    found = []
    for key in keys:
        measured = {name: [_find(run, key) for run in runs] for name, runs in groups.items()}
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
        for one in first.results.measured
        if one.input == first.source and one.measure not in CURVES and (everything or (one.measure, one.at) in wanted)
    ]
    order = list(MEASURES)
    chosen.sort(key=lambda one: order.index(one.measure))
    return list(dict.fromkeys(Key(one.split, one.condition, one.measure, one.at) for one in chosen))


def with_baselines(groups: Groups) -> Groups:
    """The groups, and what was measured beside every run of the first one, as groups of their own."""
    first = next(iter(groups.values()))
    everywhere = set.intersection(*(set(run.results.inputs) for run in first)) - {OWN, *groups}
    others = [source for source in first[0].results.inputs if source in everywhere]
    return {**groups, **{source: [Run(run.results, source) for run in first] for source in others}}


def _compare_one(key: Key, measured: Mapping[str, Sequence[Measured]], seed: int) -> Comparison:
    values = {name: np.array([one.estimate.value for one in row]) for name, row in measured.items()}
    drawn = {name: _drawn(row, seed) for name, row in measured.items()}
    base = next(iter(measured))
    return Comparison(
        key,
        {name: _joined(values[name].mean(), half_width(values[name]), drawn[name]) for name in measured},
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
    """The mean over seeds for every draw of clips; NaN where clips are too few, empty where no sums were kept."""
    tables = [one.table for one in row]
    if not all(table.size for table in tables):
        return np.zeros(0)
    if any(adding(table).sum() < FEWEST for table in tables):
        return np.full(1, math.nan)
    times, statistic = draw_clips(len(tables[0]), seed), STATISTICS[MEASURES[row[0].measure].statistic]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.mean([statistic(times @ table) for table in tables], axis=0))


def _joined(value: float, seeds: float, drawn: Floats) -> Interval:
    """Interval from a half width over seeds and the draws of clips."""
    finite = drawn[np.isfinite(drawn)]
    unknown = len(finite) == 0 if len(drawn) else math.isnan(seeds)
    if unknown:
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (value, value)
    width = 0.0 if math.isnan(seeds) else seeds
    return Interval(
        float(value),
        float(value - math.hypot(width, max(0.0, value - low))),
        float(value + math.hypot(width, max(0.0, high - value))),
    )


def _spread_of_difference(one: Floats, other: Floats) -> float:
    """Paired where both have as many seeds, otherwise with the degrees of freedom of the smaller group."""
    if len(one) == len(other):
        return half_width(one - other)
    if min(len(one), len(other)) < 2:
        return math.nan
    variance = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    return student_t(min(len(one), len(other)) - 1) * math.sqrt(variance)


def _find(run: Run, key: Key) -> Measured | None:
    found = run.results.select(key.split, key.measure, key.at, run.source, key.condition)
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
