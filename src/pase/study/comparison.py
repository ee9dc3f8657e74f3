"""Each row's means over seeds, and its differences from the base row with the same seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pase.evaluation.measures import MEASURES
from pase.study.intervals import SeedMean, paired_difference, seed_mean
from pase.study.plan import BASE
from pase.study.records import Record


@dataclass(frozen=True)
class Column:
    """A measure, as tables show it.

    Attributes:
        name: In records, behind the split's name.
        label: At the top of the column.
        measure: Its key in `pase.evaluation.measures.MEASURES`.
        digits: Behind the point.
    """

    name: str
    label: str
    measure: str
    digits: int = 3

    @property
    def heading(self) -> str:
        """The label, and an arrow to where values are better."""
        return self.label + MEASURES[self.measure].arrow

    def improves(self, difference: SeedMean) -> bool:
        """Whether a difference is one to the better."""
        return (difference.value < 0) == (MEASURES[self.measure].better == "lower")


COLUMNS = (
    Column("lmd", "LMD", "lmd", 4),
    Column("aperture", "aperture r", "aperture"),
    Column("closure_f1", "closure F1", "closure f1"),
    Column("noisy_lmd", "LMD at 5 dB", "lmd", 4),
    Column("noisy_closure_f1", "closure F1 at 5 dB", "closure f1"),
    Column("window_sync", "sync 0.4 s", "sync"),
    Column("phone", "phone probe", "phone"),
    Column("viseme", "viseme probe", "viseme"),
    Column("homophene_gap", "homophene gap", "homophene gap"),
)

SPLITS = {"validation": "Held-out clips", "unseen": "People who were not trained on"}
"""Names in records to titles."""


@dataclass(frozen=True)
class Cell:
    """One measure of one row.

    Attributes:
        mean: Over its seeds.
        difference: From the base row, over the seeds of both; None for the base row itself and without such a seed.
    """

    mean: SeedMean
    difference: SeedMean | None


Comparison = Mapping[str, Mapping[str, Cell]]
"""Row to measure, such as ``"validation/lmd"``, to cell; rows without results are absent."""


def compare(records: Iterable[Record], rows: Sequence[str]) -> Comparison:
    """Compare all rows with the base row, in the order given.

    Args:
        records: One for each row and seed.
        rows: Names, the base row's among them.
    """
    values: dict[str, dict[str, dict[int, float]]] = {row: {} for row in rows}
    for record in records:
        for name, value in record.metrics.items():
            values[record.row].setdefault(name, {})[record.seed] = value
    return {row: _cells(row, found, values[BASE]) for row, found in values.items() if found}


def _cells(
    row: str, found: Mapping[str, Mapping[int, float]], base: Mapping[str, Mapping[int, float]]
) -> dict[str, Cell]:
    return {
        name: Cell(
            seed_mean([by_seed[seed] for seed in sorted(by_seed)]),
            None if row == BASE else paired_difference(by_seed, base.get(name, {})),
        )
        for name, by_seed in found.items()
    }


def tables(comparison: Comparison, split: str) -> tuple[list[list[str]], list[list[str]]]:
    """Cells of text, head first: means of all rows, and differences from the base row."""
    columns = [c for c in COLUMNS if any(f"{split}/{c.name}" in cells for cells in comparison.values())]
    means = [["row", "seeds", *(column.heading for column in columns)]]
    differences = [["row", "pairs", *(column.heading for column in columns)]]
    for row, cells in comparison.items():
        found = [cells.get(f"{split}/{column.name}") for column in columns]
        means.append([row, _most(cell.mean for cell in found if cell), *map(_mean, columns, found)])
        if row != BASE:
            pairs = _most(cell.difference for cell in found if cell)
            differences.append([row, pairs, *map(_difference, columns, found)])
    return means, differences


def _most(found: Iterable[SeedMean | None]) -> str:
    return str(max((mean.seeds for mean in found if mean), default=0))


def _mean(column: Column, cell: Cell | None) -> str:
    return "-" if cell is None else cell.mean.text(column.digits)


def _difference(column: Column, cell: Cell | None) -> str:
    if cell is None or cell.difference is None:
        return "-"
    by = cell.difference
    mark = (" better" if column.improves(by) else " worse") if by.excludes_zero else ""
    return by.text(column.digits, "+") + mark
