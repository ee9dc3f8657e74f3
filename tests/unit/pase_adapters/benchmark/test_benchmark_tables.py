"""What a benchmark's tables say of its results."""

from pase.evaluation.rendered.score import Score
from pase_adapters.benchmark.results import Result, means, sums
from pase_adapters.benchmark.tables import TAKES, Column, table_ahead, table_of_differences, table_of_means


def result(features: str, seed: int, **scores: float) -> Result:
    return Result(
        features, "reference-nerf", seed, "clean", "", {name.replace("_", "-"): own for name, own in scores.items()}, ""
    )


RESULTS = [
    *(result("PASE", seed, LSE_C=own) for seed, own in enumerate((3.3, 2.2))),
    *(result("log-mel", seed, LSE_C=own) for seed, own in enumerate((3.0, 2.0, 9.0))),
    *(result("hama", seed, LSE_C=own) for seed, own in enumerate((1.0, 1.0))),
]


def test_pase_is_compared_with_the_best_seed_by_seed() -> None:
    better = [one for one in RESULTS if one.seed < 2]
    [_, row] = table_ahead({"reference-nerf": {"clean": better}})
    assert row[:3] == ["reference-nerf, clean", "+10.0 (+10.0 … +10.0) %", "log-mel"]
    assert row[3:] == ["", ""] * 2


def test_lower_is_better_turns_the_sign() -> None:
    def distance(features: str, value: float) -> Result:
        return Result(features, "reference-nerf", 0, "clean", "", {"LMD, relative": value}, "")

    [_, row] = table_ahead({"reference-nerf": {"clean": [distance("PASE", 0.9), distance("hama", 1.0)]}})
    assert row[3:5] == ["+10.0 %", "hama"]


def test_means_and_differences_by_seed() -> None:
    column = (Column("LSE-C", "LSE-C", 2, 1),)
    table = table_of_means(RESULTS, result("real", 0, LSE_C=5.0), column)
    assert [row[0] for row in table] == ["features", "PASE", "log-mel", "hama", "the videos as filmed"]
    assert table[0][2] == "LSE-C ↑"
    assert table[1][1] == "2"
    assert table[1][2].startswith("2.75 (")
    assert table[-1][2] == "5.00"
    differences = table_of_differences(RESULTS, column)
    assert differences[1][1].startswith("-0.25 (")  # of the two seeds that both have
    assert [column.sign for column in TAKES.columns if column.title == "LMD"] == [-1]


def test_takes_weigh_what_their_measures_rest_on() -> None:
    takes = [[Score("a", 1.0, "", 3), Score("b", float("nan"), "", 0)], [Score("a", 5.0, "", 1)]]
    assert means(takes) == {"a": 2.0}
    assert sums([{"P": (1.0, 2), "B": (0.5, 1)}, {"P": (2.0, 3)}]) == {"P": (3.0, 5), "B": (0.5, 1)}
