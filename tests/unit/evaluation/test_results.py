import json
import math

import pytest

from pase.errors import InputError
from pase.evaluation.bootstrap import Estimate
from pase.evaluation.results import (
    ApertureResult,
    BilabialResult,
    ProbeResult,
    Results,
    SplitResult,
    SyncResult,
)
from pase.files import write_json

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def estimate(value: float) -> Estimate:
    return Estimate(value, value - 0.01, value + 0.01, 5)


@pytest.fixture
def results() -> Results:
    validation = SplitResult(
        "validation",
        clips=5,
        frames=375,
        labelled=300,
        largest_phone=0.3,
        largest_viseme=0.3,
        sync=SyncResult(estimate(1.0), estimate(0.95), (0.1, 0.9, math.nan)),
        aperture=(ApertureResult("features", estimate(0.9), estimate(0.88), 0.01),),
        probes=(ProbeResult("features", "phone", 1, estimate(0.7), estimate(0.5), 0.001),),
        bilabials=BilabialResult(12, (estimate(0.5), estimate(0.1), estimate(0.6)), (NOTHING,) * 3, NOTHING, NOTHING),
    )
    unseen = SplitResult(
        "unseen", 1, 75, 0, math.nan, math.nan, SyncResult(NOTHING, NOTHING, (0.0, 0.0, 0.0)), (), (), None
    )
    return Results("ck", "abc", "data/grid", None, "pase evaluate", "2025-01-01", 3, 40, 3000, (validation, unseen))


def test_results_come_back_from_json(results, tmp_path):
    write_json(tmp_path / "results.json", results.to_json())
    text = (tmp_path / "results.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    again = Results.load(tmp_path / "results.json")
    assert repr(again) == repr(results)  # NaN is not equal to itself
    assert isinstance(again.splits[0].probes[0], ProbeResult)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("seed"), "missing \\['seed'\\]"),
        (lambda r: r.update(extra=1), "unknown \\['extra'\\]"),
        (lambda r: r["splits"][0]["sync"].update(curve=3), "results.splits\\[0\\].sync.curve: expected a list"),
        (lambda r: r["splits"][0].update(largest_phone="much"), "largest_phone: expected a number"),
        (lambda r: r.update(seed="three"), "results.seed: expected int"),
        (lambda r: r.update(splits=[4]), "expected an object, found int"),
    ],
)
def test_a_file_that_is_something_else_is_refused(results, tmp_path, change, message):
    value = results.to_json()
    change(value)
    write_json(tmp_path / "results.json", value)
    with pytest.raises(InputError, match=message) as caught:
        Results.load(tmp_path / "results.json")
    assert "results.json" in str(caught.value)


def test_the_table_has_a_column_for_each_split_and_says_what_is_not_known(results):
    head, *rows = results.table()
    assert head == ["measure", "validation (5 clips)", "unseen (1 clips)"]
    table = {row[0]: row[1:] for row in rows}
    assert table["A/V offset within ±1 frame, 0.4-s windows"] == ["0.950 (0.940 … 0.960)", "-"]
    assert table["phone from PASE features, 1 frame: accuracy"] == ["0.700 (0.690 … 0.710)", "-"]
    assert table["normalised lip gap at /p b m/, in the pictures"][0].startswith("0.100")


def test_markdown_says_how_it_was_made(results):
    text = results.to_markdown()
    assert "- command: `pase evaluate`" in text
    assert "- seed: 3" in text
    assert "unseen people" not in text, "none was given"
    assert "| lip aperture from PASE features, correlation | 0.900 (0.890 … 0.910) | - |" in text
