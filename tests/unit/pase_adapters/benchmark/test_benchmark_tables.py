"""What a benchmark's tables say of its results."""

from dataclasses import replace

import numpy as np
import pytest

from pase.evaluation.rendered.score import Score
from pase_adapters.benchmark.plan import Plan
from pase_adapters.benchmark.report import errors_by_phone, evenly
from pase_adapters.benchmark.results import Result, means, sums
from pase_adapters.benchmark.tables import (
    RECITALS,
    TAKES,
    Column,
    Table,
    table_ahead,
    table_of_differences,
    table_of_means,
)


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
    better = [result("PASE", seed, LSE_C=own) for seed, own in enumerate((3.3, 2.2))]
    others = [result("log-mel", seed, LSE_C=own) for seed, own in enumerate((3.0, 2.0))]
    [head, row] = ahead(better + others)
    assert head == ["", "LSE-C, %", "LMD, %", "aperture, points", "closures, points"]
    assert row == ["reference-nerf, clean", "+10.0 (-15.4 … +35.4)\nover log-mel", "", "", ""]  # 0.3 and 0.2 of 2.5


def ahead(results: list[Result]) -> Table:
    return table_ahead({"reference-nerf": {"clean": results}})


def test_seeds_that_pase_lacks_choose_nobody() -> None:
    results = [
        *(result("PASE", seed, LSE_C=2.0) for seed in (0, 1)),
        *(result("log-mel", seed, LSE_C=own) for seed, own in enumerate((1.0, 1.0, 9.0))),
        *(result("hama", seed, LSE_C=1.6) for seed in (0, 1)),
    ]
    assert ahead(results)[1][1] == "+25.0 (+25.0 … +25.0)\nover hama"


def closures(features: str, *shares: tuple[float, float]) -> list[Result]:
    return [
        Result(
            *(features, "reference-nerf", seed, "clean", ""),
            *({"closures, recall": recall, "closures, precision": precision}, ""),
        )
        for seed, (recall, precision) in enumerate(shares)
    ]


def test_seeds_of_which_nothing_closes_count() -> None:
    ours, theirs = closures("PASE", *[(0.5, 0.5)] * 3), closures("hama", (0, 0), (0, 0), (0.6, 0.6))
    assert ahead(ours + theirs)[1][4] == "+30.0 (-56.1 … +116.1)\nover hama"


def test_a_mouth_that_never_opens_is_not_ahead() -> None:
    shut, fair = closures("PASE", (1.0, 0.4)), closures("hama", (0.8, 0.8))
    assert ahead(shut + fair)[1][4] == "-22.9\nover hama"
    for name in ("PASE", "hama"):
        [column] = [column for column in RECITALS.columns if column.title == "closures"]
        scores = {"closed at bilabials": 1.0, "closed at vowels": 1.0 if name == "PASE" else 0.25}
        shut = [*shut, Result(name, "reference-nerf", 1, "others", "", scores, "")]
    recited = [one for one in shut if one.drive == "others"]
    assert ahead(recited)[1][4] == "-75.0\nover hama"
    real = Result("real", "", 0, "", "", {"closed at bilabials": 0.75, "closed at vowels": 0.5}, "")
    assert [row[2] for row in table_of_means(recited, real, [column])[1:-1]] == ["0.000", "0.750", "0.250"]


def test_a_mouth_that_never_closes_has_no_precision_and_an_f1_of_0() -> None:
    never = Result("PASE", "reference-nerf", 0, "clean", "", {"closures, recall": 0.0}, "")
    assert ahead([never, *closures("hama", (0.5, 0.5))])[1][4] == "-50.0\nover hama"


def test_intervals_stay_where_their_measure_can_be() -> None:
    results = closures("PASE", (0.9, 0.1), (1.0, 0.0))
    recall, precision = (column for column in TAKES.columns if column.title in ("recall", "precision"))
    [_, row, *_] = table_of_means(results, Result("real", "", 0, "", "", {}, ""), [recall, precision])
    assert row[2:] == ["0.950 (0.315 … 1.000)", "0.050 (0.000 … 0.685)"]
    [_, row, *_] = table_of_means(results[:1], Result("real", "", 0, "", "", {}, ""), [recall])
    assert row[2:] == ["0.900"]


def test_sync_as_filmed_is_not_set_beside_recitals() -> None:
    results, real = [result("PASE", 0, LSE_C=3.0)], result("real", 0, LSE_C=5.0)
    filmed = [
        next(
            cell
            for cell, column in zip(table_of_means(results, real, own.columns)[-2][2:], own.columns, strict=True)
            if column.title == "LSE-C"
        )
        for own in (TAKES, RECITALS)
    ]
    assert filmed == ["5.000", ""]


def test_lower_is_better_turns_the_sign() -> None:
    def distance(features: str, value: float) -> Result:
        return Result(features, "reference-nerf", 0, "clean", "", {"LMD, relative": value}, "")

    [_, row] = table_ahead({"reference-nerf": {"clean": [distance("PASE", 0.9), distance("hama", 1.0)]}})
    assert row[2] == "+10.0\nover hama"


def test_means_and_differences_by_seed() -> None:
    column = (Column("LSE-C", "LSE-C", 2, 1),)
    table = table_of_means(RESULTS, result("real", 0, LSE_C=5.0), column)
    assert [row[0] for row in table] == [
        "features",
        "PASE",
        "log-mel",
        "hama",
        "the videos as filmed",
        "frames or phones in a run",
    ]
    assert table[0][2] == "LSE-C ↑"
    assert table[1][1] == "2"
    assert table[1][2].startswith("2.75 (")
    assert table[-2][2] == "5.00"
    differences = table_of_differences(RESULTS, column)
    assert differences[1][1].startswith("-0.25 (")  # of the two seeds that both have
    assert [column.sign for column in TAKES.columns if column.title == "LMD"] == [-1]


def test_takes_weigh_what_their_measures_rest_on() -> None:
    takes = [[Score("a", 1.0, "", 3), Score("b", float("nan"), "", 0)], [Score("a", 5.0, "", 1)]]
    assert means(takes) == {"a": 2.0}
    assert sums([{"P": (1.0, 2), "B": (0.5, 1)}, {"P": (2.0, 3)}]) == {"P": (3.0, 5), "B": (0.5, 1)}


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 11, 12, 100])
def test_moments_are_spread_from_the_first_to_the_last(count: int) -> None:
    found = evenly(count, 6)
    assert len(found) == len(set(found)) == min(count, 6)
    assert found == sorted(found)
    if count > 1:
        assert (found[0], found[-1]) == (0, count - 1)


def test_a_phone_that_other_features_lack_is_drawn_where_it_is_known() -> None:
    plan = Plan(*("a", "b", 1, 1), features={"PASE": "pase", "hama": "hama"}, renderers=("reference-nerf",), seeds=(0,))
    phones = {"PASE": {"B": (1.0, 10), "AA": (1.0, 20)}, "hama": {"AA": (3.0, 20)}}
    results = [Result(name, "reference-nerf", 0, "clean", "", {}, "", phones=found) for name, found in phones.items()]
    [section] = errors_by_phone(plan, results)
    [axes] = section.pictures[0].figure.axes
    drawn = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in axes.lines}
    assert [text.get_text() for text in axes.get_xticklabels()] == ["B", "AA"]
    assert drawn == {"PASE": [[0, 0.1], [1, 0.05]], "hama": [[1, 0.15]]}


def test_how_many_closures_a_measure_rests_on_is_told() -> None:
    counts = {"closures, recall": 9, "closures, precision": 40}
    results = [replace(one, counts=counts) for one in closures("PASE", (0.5, 0.5), (0.6, 0.4))]
    results += [replace(one, counts={"closures, recall": 6}) for one in closures("hama", (0.5, 0.5))]
    columns = [column for column in TAKES.columns if column.title in ("closures", "precision", "LMD")]
    told = table_of_means(results, Result("real", "", 0, "", "", {}, ""), columns)[-1]
    assert told == ["frames or phones in a run", "", "", "8", "40"]
