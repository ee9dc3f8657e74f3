"""Tables of a study, from records made by hand."""

from pase.study.comparison import compare, tables
from pase.study.records import Record


def record(row: str, seed: int, **metrics: float) -> Record:
    named = {name.replace("__", "/"): value for name, value in metrics.items()}
    return Record(row, seed, "id", {}, 10, 10, 1.0, named, {})


RECORDS = [
    record("base", 0, validation__lmd=0.05, validation__aperture=0.5, unseen__aperture=0.3),
    record("base", 1, validation__lmd=0.07, validation__aperture=0.7, unseen__aperture=0.4),
    record("less", 0, validation__lmd=0.0601, validation__aperture=0.601),
    record("less", 1, validation__lmd=0.0799, validation__aperture=0.799),
    record("once", 0, validation__lmd=0.04),
]


def test_means_and_paired_differences() -> None:
    found = compare(RECORDS, ["base", "less", "once", "not yet"])
    assert list(found) == ["base", "less", "once"]
    assert found["base"]["validation/lmd"].difference is None
    assert abs(found["less"]["validation/lmd"].mean.value - 0.07) < 1e-9
    difference = found["less"]["validation/lmd"].difference
    assert difference is not None
    assert abs(difference.value - 0.01) < 1e-9
    assert difference.excludes_zero


def test_tables_mark_what_is_better_and_what_is_worse() -> None:
    means, differences = tables(compare(RECORDS, ["base", "less", "once"]), "validation")
    assert means[0] == ["row", "seeds", "LMD ↓", "aperture r ↑"]
    assert [row[:2] for row in means[1:]] == [["base", "2"], ["less", "2"], ["once", "1"]]
    assert means[3][2:] == ["0.0400", "-"]
    less, once = differences[1:]
    assert less[:2] == ["less", "2"]
    assert less[2].startswith("+0.0100 (+")
    assert less[2].endswith(" worse")
    assert less[3].startswith("+0.100 (+")
    assert less[3].endswith(" better")
    assert once == ["once", "1", "-0.0100", "-"]


def test_a_split_shows_only_what_was_measured_there() -> None:
    means, differences = tables(compare(RECORDS, ["base", "less", "once"]), "unseen")
    assert means[0] == ["row", "seeds", "aperture r ↑"]
    assert differences[1] == ["less", "0", "-"]
