"""A study's results to read: a markdown file and a page."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from pase.evaluation.measures import MEASURES
from pase.files import write_text
from pase.report.markdown import markdown_table
from pase.report.page import Picture, Section, render
from pase.study.comparison import COLUMNS, SPLITS, Comparison, compare, tables
from pase.study.figure import draw_differences
from pase.study.plan import Run, Study
from pase.study.records import Record

_MEANS = (
    "Mean over seeds, with its 95 % interval by Student's t over seeds: what other seeds would give on the same clips. "
    "Of each run, those weights are measured that had the lowest loss on the validation clips."
)
_DIFFERENCES = (
    "Difference from the base row with the same seed: mean over seeds and 95 % interval by Student's t. “better” or "
    "“worse” where the interval excludes 0; of 20 such intervals one does so by chance."
)


def write_report(study: Study, runs: Sequence[Run], records: Sequence[Record], output: Path) -> Path:
    """Write ``results.md`` and ``report.html``; returns the latter.

    Args:
        study: What is compared.
        runs: Its runs as it stands now; records of other settings or corpora are left out.
        records: All that the results file holds.
        output: Folder to write to.
    """
    current = {(run.row, run.seed, run.identity) for run in runs}
    shown = [record for record in records if record.key in current]
    comparison = compare(shown, list(study.rows))
    splits = [name for name in SPLITS if any(f"{name}/" in key for cells in comparison.values() for key in cells)]
    lead = _lead(shown, runs)
    write_text(output / "results.md", _markdown(study, comparison, splits, lead))
    sections = [part for split in splits for part in _sections(comparison, split)]
    page = output / "report.html"
    write_text(page, render(f"Study {study.name}", lead, (), [*sections, _rows(study), _definitions()]))
    return page


def _lead(shown: Sequence[Record], runs: Sequence[Run]) -> str:
    seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))
    steps = sorted({record.steps for record in shown})
    hours = sum(record.seconds for record in shown) / 3600
    trained = f"; {' or '.join(map(str, steps))} steps each, {hours:.1f} h of training in all" if shown else ""
    return f"{len(shown)} of {len(runs)} runs done, seeds {seeds}{trained}."


def _markdown(study: Study, comparison: Comparison, splits: Sequence[str], lead: str) -> str:
    parts = [f"# Study {study.name}", lead]
    for split in splits:
        means, differences = tables(comparison, split)
        parts += [f"## {SPLITS[split]}", _MEANS, markdown_table(means), _DIFFERENCES, markdown_table(differences)]
    parts += ["## Rows", markdown_table([["row", "settings"], *_settings(study)], words=True)]
    return "\n\n".join(parts) + "\n"


def _sections(comparison: Comparison, split: str) -> list[Section]:
    means, differences = tables(comparison, split)
    pictures = []
    if len(differences) > 1:
        figure = draw_differences(comparison, split)
        pictures = [Picture(figure, "Differences of each row from the base row, by measure", _DIFFERENCES)]
    return [
        Section(f"{SPLITS[split]}: differences from the base row", pictures=pictures, table=differences),
        Section(f"{SPLITS[split]}: means", note=_MEANS, table=means),
    ]


def _rows(study: Study) -> Section:
    command = shlex.join(["pase", "fit", *study.arguments("base")])
    note = f"What each row sets beside the base row, which is: {command}"
    return Section("Rows", note=note, table=[["row", "settings"], *_settings(study)], table_of_words=True)


def _settings(study: Study) -> list[tuple[str, str]]:
    base = study.rows["base"]
    return [
        (row, ", ".join(f"{k}: {json.dumps(v)}" for k, v in settings.items() if k not in base or base[k] != v) or "-")
        for row, settings in study.rows.items()
    ]


def _definitions() -> Section:
    return Section("Measures", facts=[(column.label, MEASURES[column.measure].meaning) for column in COLUMNS])
