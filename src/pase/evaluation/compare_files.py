"""`pase compare`: results files in, tables out."""

from collections.abc import Sequence
from pathlib import Path

from pase.evaluation.compare import Comparison, Groups, Run, compare, keys_of, with_baselines
from pase.evaluation.measures import MEASURES
from pase.evaluation.results import Results
from pase.evaluation.tables import labelled
from pase.files import write_text
from pase.report.markdown import markdown_table


def compare_files(
    texts: Sequence[str], everything: bool = False, baselines: bool = False, seed: int = 0, output: Path | None = None
) -> str:
    """Compare results files, and write the tables as Markdown where an output is named.

    Args:
        texts: ``NAME=PATH`` or ``PATH`` of a ``results.json`` or its folder; without a name that of the folder.
        everything: Compare every measure.
        baselines: Also compare what was measured beside the first group.
        seed: Of the bootstrap.
        output: File to write.

    Raises:
        InputError: A file cannot be read, or results are of different clips.
    """
    groups: dict[str, list[Run]] = {}
    for text in texts:
        name, path = _named_path(text)
        groups.setdefault(name, []).append(Run(Results.load(path)))
    compared = with_baselines(groups) if baselines else groups
    tables = to_markdown(compared, compare(compared, keys_of(compared, everything), seed))
    if output is not None:
        write_text(output, tables)
    return tables


def to_markdown(groups: Groups, found: Sequence[Comparison]) -> str:
    """A table for each split and condition; differences whose interval excludes zero are bold."""
    base, *others = groups
    head = ["measure", *groups, *(f"{name} - {base}" for name in others)]
    seeds = ", ".join(f"{name} {len(runs)}" for name, runs in groups.items())
    parts = [
        "# Comparison",
        f"Runs: {seeds}. Brackets: 95 % interval over training seeds (Student's t) and clips (bootstrap) in "
        "quadrature; of one run over clips alone. Differences are paired by run and by clip; bold where the interval "
        "excludes zero; per cent are of the first group's value. Arrows: whether higher or lower values are better.",
    ]
    for place in dict.fromkeys((one.key.split, one.key.condition) for one in found):
        rows = [_row(one, groups) for one in found if (one.key.split, one.key.condition) == place]
        parts += [f"## {', '.join(place)}", markdown_table([head, *rows])]
    return "\n\n".join(parts) + "\n"


def _row(one: Comparison, groups: Groups) -> list[str]:
    base, *others = groups
    measure = MEASURES[one.key.measure]
    differences = []
    for name in others:
        text = one.differences[name].text(measure.digits, "+")
        if one.values[base].value > 0:
            text += f", {100 * one.differences[name].value / one.values[base].value:+.0f} %"
        differences.append(f"**{text}**" if one.differences[name].excludes_zero else text)
    values = [one.values[name].text(measure.digits) for name in groups]
    return [labelled(one.key.measure, one.key.at) + measure.arrow, *values, *differences]


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, rest = text.partition("=")
    path = Path(rest if equals else text)
    folder = path.parent if path.suffix == ".json" else path
    return name if equals else folder.absolute().name, path if path.suffix == ".json" else path / "results.json"
