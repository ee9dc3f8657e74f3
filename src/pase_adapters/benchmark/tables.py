"""A benchmark's results as tables: means over seeds, and differences from PASE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pase.study.intervals import paired_difference, seed_mean
from pase_adapters.benchmark.plan import OURS
from pase_adapters.benchmark.results import Result

Table = list[list[str]]


@dataclass(frozen=True)
class Column:
    """A measure as a column.

    Attributes:
        score: Its name among the scores.
        title: With its direction.
        digits: After the point.
    """

    score: str
    title: str
    digits: int


_SYNC = (Column("LSE-C", "LSE-C ↑", 3), Column("LSE-D", "LSE-D ↓", 3))

TAKES = (
    Column("LMD, relative", "LMD (mouth widths) ↓", 4),
    Column("aperture", "aperture ↑", 3),
    Column("width", "width ↑", 3),
    Column("closures, recall", "closures found ↑", 3),
    Column("closures, precision", "closures right ↑", 3),
    *_SYNC,
    Column("PSNR, mouth", "PSNR of the mouth ↑", 2),
    Column("SSIM, mouth", "SSIM of the mouth ↑", 4),
    Column("jitter in silence", "jitter in silence ↓", 4),
)
"""Of test clips, which have a reference."""

RECITALS = (
    Column("closed at bilabials", "closed at bilabials ↑", 3),
    Column("closed at vowels", "closed at vowels ↓", 3),
    *_SYNC,
    Column("opening in silence", "opening in silence ↓", 3),
    Column("jitter in silence", "jitter in silence ↓", 4),
)
"""Of speech that nobody was filmed speaking."""


def table_of_means(results: Sequence[Result], real: Result, columns: Sequence[Column]) -> Table:
    """A line for each kind of features, and one for the videos as filmed."""
    table = [["features", "seeds", *(column.title for column in columns)]]
    for name, seeds in by_features(results).items():
        cells = []
        for column in columns:
            values = [scores[column.score] for scores in seeds.values() if column.score in scores]
            cells.append(seed_mean(values).text(column.digits) if values else "")
        table.append([name, str(len(seeds)), *cells])
    filmed = [f"{real.scores[own.score]:.{own.digits}f}" if own.score in real.scores else "" for own in columns]
    return [*table, ["the videos as filmed", "", *filmed]]


def table_of_differences(results: Sequence[Result], columns: Sequence[Column]) -> Table:
    """A line for each kind of features beside PASE."""
    found = by_features(results)
    table = [["features", *(column.title for column in columns)]]
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
        found.setdefault(result.features, {})[result.seed] = result.scores
    return dict(sorted(found.items(), key=lambda entry: entry[0] != OURS))
