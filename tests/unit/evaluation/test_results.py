import json
import math
from dataclasses import replace

import numpy as np
import pytest

from pase.errors import InputError
from pase.evaluation.bootstrap import Estimate
from pase.evaluation.measures import Found
from pase.evaluation.results import FORMAT, Measured, Results, Split
from pase.evaluation.tables import candidates, split_table, sweep_table, to_markdown

LMD = Found("lmd", "", np.array([[2.0, 10], [3.0, 10], [4.0, 10], [3.0, 10], [3.0, 10]]))
RANK = Found("rank", "0.4 s", np.eye(5))
NOTHING = Found("closure f1", "", np.zeros((5, 4)))


@pytest.fixture
def results() -> Results:
    noisy = replace(LMD, sums=LMD.sums * [2, 1])
    rows = [(LMD, "clean", "PASE"), (LMD, "clean", "log-mel"), (noisy, "noise 5 dB", "PASE"), (RANK, "clean", "PASE")]
    measured = [Measured.of(found, "validation", *place, seed=0) for *place, found in [(c, s, f) for f, c, s in rows]]
    measured.append(Measured.of(NOTHING, "validation", "clean", "PASE", 0))
    return Results(
        FORMAT,
        "ck",
        "abc",
        "data/grid",
        None,
        "pase evaluate",
        "2025-01-01",
        3,
        40,
        3000,
        ("PASE", "log-mel"),
        ("clean", "noise 5 dB"),
        (Split("validation", ("a", "b", "c", "d", "e"), 375, 300),),
        tuple(measured),
    )


def test_results_come_back_from_json(results, tmp_path):
    results.save(tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    again = Results.load(tmp_path / "results.json")
    assert repr(again) == repr(results)  # NaN is not equal to itself
    assert len([line for line in text.splitlines() if '"measure"' in line]) == len(results.measured)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("seed"), "missing \\['seed'\\]"),
        (lambda r: r.update(extra=1), "unknown \\['extra'\\]"),
        (lambda r: r["measured"][0].update(sums=3), "results.measured\\[0\\].sums: expected a list"),
        (lambda r: r["measured"][0]["estimate"].update(low="much"), "estimate.low: expected a number"),
        (lambda r: r["measured"][0].update(measure="beauty"), "'beauty' is no measure"),
        (lambda r: r.update(seed="three"), "results.seed: expected int"),
        (lambda r: r.update(splits=[4]), "expected an object, found int"),
        (lambda r: r.update(format=1), "format 1, this version reads 2: run `pase evaluate` again"),
    ],
)
def test_a_file_that_is_something_else_is_refused(results, tmp_path, change, message):
    value = results.to_json()
    change(value)
    (tmp_path / "results.json").write_text(json.dumps(value))
    with pytest.raises(InputError, match=message) as caught:
        Results.load(tmp_path / "results.json")
    assert "results.json" in str(caught.value)


def test_numbers_are_found_by_what_they_are(results):
    assert results.find("validation", "lmd").value == pytest.approx(0.3)
    assert results.find("validation", "lmd", condition="noise 5 dB").value == pytest.approx(0.6)
    assert results.find("validation", "closure f1") is None, "nothing could be measured"
    assert results.find("unseen", "lmd") is None
    assert [one.input for one in results.select("validation", "lmd")] == ["PASE", "log-mel"]


def test_sums_of_clips_are_kept_where_they_are_few(results):
    np.testing.assert_array_equal(results.select("validation", "lmd")[0].table, LMD.sums)
    assert results.select("validation", "rank")[0].sums == ()
    assert results.find("validation", "rank", "0.4 s") == Estimate(3, 1, 5, 5)


def test_tables_have_a_column_for_each_input(results):
    head, *rows = split_table(results, results.splits[0])
    assert head == ["measure", "PASE features", "log-mel"]
    table = {row[0]: row[1:] for row in rows}
    assert table["lip landmark distance (LMD)"][1].startswith("0.3000 (0.2")
    assert table["closures, F1"] == ["-", ""]
    head, clean, noisy = sweep_table(results, results.splits[0], "lmd", "")
    assert (clean[0], noisy[0], noisy[2]) == ("clean", "noise 5 dB", "")
    assert sweep_table(results, results.splits[0], "sync", "0.4 s") == []


def test_markdown_says_how_it_was_made_and_what_is_meant(results):
    text = to_markdown(results)
    assert "- command: pase evaluate" in text
    assert "unseen people" not in text, "none was given"
    assert "### lip landmark distance (LMD): validation" in text
    assert "mouth widths" in text
    assert not math.isnan(results.find("validation", "lmd").low)


def test_retrieval_says_how_many_candidates_there_were(results):
    hits = Found("recall@1", "0.4 s", np.array([[1.0, 4], [2.0, 5], [0.0, 3]]))
    measured = Measured.of(hits, "validation", "clean", "PASE", 0)
    more = replace(results, measured=(*results.measured, measured))
    assert candidates(more, "validation") == {"0.4 s": 12}
    names = [row[0] for row in split_table(more, more.splits[0])]
    assert "retrieval, recall@1, 0.4 s among 12" in names
    assert "retrieval, median rank, 0.4 s among 12" in names
