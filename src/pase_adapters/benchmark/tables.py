"""A benchmark's results as tables: means over seeds, and differences from PASE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from pase.study.intervals import paired_difference, seed_mean
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
    """

    score: str
    title: str
    digits: int
    sign: int

    @property
    def head(self) -> str:
        """The title with its direction."""
        return f"{self.title} {'↑' if self.sign > 0 else '↓'}"


@dataclass(frozen=True)
class Measures:
    """The columns of a table, and what they mean."""

    columns: tuple[Column, ...]
    legend: str


_LMD = Column("LMD, relative", "LMD", 4, -1)
_SYNC = (Column("LSE-C", "LSE-C", 3, 1), Column("LSE-D", "LSE-D", 3, -1))
_FOUND = Column("closures, recall", "closures", 3, 1)
_CLOSED = Column("closed at bilabials", "closures", 3, 1)
_JITTER = Column("jitter in silence", "jitter", 4, -1)

TAKES = Measures(
    (
        *(_LMD, Column("aperture", "aperture", 3, 1), Column("width", "width", 3, 1)),
        *(_FOUND, Column("closures, precision", "precision", 3, 1), *_SYNC),
        *(Column("PSNR, mouth", "PSNR", 2, 1), Column("SSIM, mouth", "SSIM", 4, 1), _JITTER),
    ),
    "LMD: distance of lip points in mouth widths. Aperture, width: correlation with the real mouth's. Closures: share "
    "of the real ones at /p b m/ that are rendered; precision: share of the rendered ones that are real. PSNR (dB) and "
    "SSIM: of the mouth. Jitter: movement in silence from frame to frame, mouth widths.",
)
"""Of test clips, which have a reference."""

RECITALS = Measures(
    (
        *(_CLOSED, Column("closed at vowels", "at vowels", 3, -1), *_SYNC),
        *(Column("opening in silence", "opening", 3, -1), _JITTER),
    ),
    "Closures: share of /p b m/ at which the lips close; at vowels: likewise, where they should seldom. Opening: gap "
    "of the lips in silence, against the range of real gaps. Jitter: movement in silence, mouth widths.",
)
"""Of speech that nobody was filmed speaking."""


def table_ahead(found: Mapping[str, Mapping[str, Sequence[Result]]]) -> Table:
    """How far PASE is ahead of the best other features, in percent of theirs.

    Args:
        found: Renderer to what it was driven by to results.
    """
    table = [["", *(f"{column.title}: {what}" for column in (_SYNC[0], _LMD, _FOUND) for what in ("ahead by", "of"))]]
    for renderer, drives in found.items():
        for drive, results in drives.items():
            row = [f"{renderer}, {drive}"]
            scores = by_features(results)
            for columns in ((_SYNC[0],), (_LMD,), (_FOUND, _CLOSED)):
                row += _ahead(scores, next((own for own in columns if _known(scores, own)), columns[0]))
            table.append(row)
    return table


def _ahead(scores: Mapping[str, Mapping[int, Mapping[str, float]]], column: Column) -> tuple[str, str]:
    """How far, of whom."""
    named = {
        name: {seed: one[column.score] for seed, one in own.items()} for name, own in _known(scores, column).items()
    }
    ours = named.pop(OURS, {})
    best = max(named, key=lambda name: column.sign * mean(named[name].values()), default=None)
    if best is None or not ours:
        return "", ""
    others = named[best]
    shares = [100 * column.sign * (ours[seed] - others[seed]) / others[seed] for seed in ours if others.get(seed)]
    return (f"{seed_mean(shares).text(1, '+')} %" if shares else ""), best


def _known(
    scores: Mapping[str, Mapping[int, Mapping[str, float]]], column: Column
) -> dict[str, dict[int, Mapping[str, float]]]:
    kept = {name: {seed: one for seed, one in own.items() if column.score in one} for name, own in scores.items()}
    return {name: own for name, own in kept.items() if own}


def table_of_means(results: Sequence[Result], real: Result, columns: Sequence[Column]) -> Table:
    """A line for each kind of features, and one for the videos as filmed."""
    table = [["features", "seeds", *(column.head for column in columns)]]
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
        found.setdefault(result.features, {})[result.seed] = result.scores
    return dict(sorted(found.items(), key=lambda entry: entry[0] != OURS))
