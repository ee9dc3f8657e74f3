"""Results as tables of text."""

from collections.abc import Sequence

from pase.evaluation.bootstrap import FEWEST
from pase.evaluation.measures import MEASURES
from pase.evaluation.representations import OWN, UNTRAINED
from pase.evaluation.results import Measured, Results, Split, facts
from pase.report.markdown import markdown_table

INTERVAL = f"95 % interval by bootstrap over clips, where there are {FEWEST} at least"

CHOSEN_ON = (
    "Training may have kept the weights that had the lowest loss on the validation clips, so figures are a little too "
    "good there; nothing else is chosen on the clips that are measured."
)

HEADLINES = (("lmd", ""), ("aperture", ""), ("closure f1", ""), ("sync", "0.4 s"))
"""The measures that count, and what they are measured at."""

SWEPT = (
    *HEADLINES,
    ("recall@1", "0.4 s"),
    ("phone", "1 frame"),
    ("viseme", "1 frame"),
    ("homophene gap", "all"),
    ("silent jitter", ""),
)
"""The measures that are shown under every condition."""

CURVES = frozenset({"similarity", "bilabial gap"})
"""Measures at many shifts, which figures show and tables do not."""

_RETRIEVAL = frozenset({"recall@1", "rank"})

_NAMES = {OWN: "PASE features", UNTRAINED: "untrained network"}

Table = list[list[str]]


def named(source: str) -> str:
    """How a representation is called where people read of it; most names speak for themselves."""
    return _NAMES.get(source, source)


def labelled(measure: str, at: str) -> str:
    """Label of a measure and of what it was measured at."""
    return MEASURES[measure].label + (f", {at}" if at else "")


def candidates(results: Results, split: str) -> dict[str, int]:
    """How many stretches of video retrieval chose from, by their length."""
    return {one.at: int(one.table[:, 1].sum()) for one in results.select(split, "recall@1", source=OWN)}


def split_table(results: Results, split: Split) -> Table:
    """All that was measured on clean clips of a split: a row for each measure, a column for each input."""
    found = [
        one
        for one in results.measured
        if (one.split, one.condition) == (split.name, "clean") and one.measure not in CURVES
    ]
    order = list(MEASURES)
    inputs = list(dict.fromkeys([*results.inputs, *(one.input for one in found)]))
    rows = sorted(dict.fromkeys((one.measure, one.at) for one in found), key=lambda row: order.index(row[0]))
    cells = {(one.measure, one.at, one.input): _cell(one) for one in found}
    among = {at: f" among {count}" for at, count in candidates(results, split.name).items()}
    body = [
        [
            labelled(*row) + (among.get(row[1], "") if row[0] in _RETRIEVAL else ""),
            *(cells.get((*row, source), "") for source in inputs),
        ]
        for row in rows
    ]
    return [["measure", *map(named, inputs)], *body]


def sweep_table(results: Results, split: Split, measure: str, at: str) -> Table:
    """One measure under every condition: a row for each condition, a column for each input; empty if not measured."""
    found: dict[tuple[str, str], Measured] = {
        (condition, one.input): one
        for condition in results.conditions
        for one in results.select(split.name, measure, at, condition=condition)
        if one.input in results.inputs
    }
    inputs = [source for source in results.inputs if any(key[1] == source for key in found)]
    if not inputs:
        return []
    body = [
        [condition, *(_cell(found.get((condition, source))) for source in inputs)] for condition in results.conditions
    ]
    return [["condition", *map(named, inputs)], *body]


def to_markdown(results: Results) -> str:
    """All tables, with how they were made and what the measures mean."""
    parts = [f"# Evaluation of {results.model_id}", _listed(facts(results)), f"Brackets: {INTERVAL}. {CHOSEN_ON}"]
    for split in results.splits:
        parts += [f"## {split.name} ({len(split.clips)} clips)", markdown_table(split_table(results, split))]
    if len(results.conditions) > 1:
        parts += ["## Noise and reverberation"]
        for split in results.splits:
            for measure, at in SWEPT:
                table = sweep_table(results, split, measure, at)
                if table:
                    parts += [f"### {labelled(measure, at)}: {split.name}", markdown_table(table)]
    used = dict.fromkeys(one.measure for one in results.measured)
    parts += ["## What the measures mean", _listed([(m.label, m.meaning) for n, m in MEASURES.items() if n in used])]
    return "\n\n".join(parts) + "\n"


def _cell(one: Measured | None) -> str:
    return "" if one is None else one.estimate.text(MEASURES[one.measure].digits)


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in pairs)
