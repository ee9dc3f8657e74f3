import math
from dataclasses import replace

import numpy as np
import pytest

from pase.errors import InputError
from pase.evaluation.compare import Key, Run, compare, keys_of, with_baselines
from pase.evaluation.compare_files import compare_files
from pase.evaluation.measures import Found
from pase.evaluation.results import FORMAT, Measured, Results, Split

KEY = Key("validation", "clean", "lmd", "")
CLIPS = 40


def results(distances: np.ndarray, name: str = "ck") -> Run:
    """An evaluation whose clips have the given LMDs, those of log-mel a tenth higher."""
    sums = np.stack([distances * 75, np.full(len(distances), 75.0)], axis=1)
    found = (("PASE", sums), ("log-mel", sums * [1.1, 1]))
    measured = tuple(Measured.of(Found("lmd", "", own), "validation", "clean", source, 0) for source, own in found)
    split = Split("validation", tuple(f"c{k}" for k in range(len(distances))), 75 * len(distances), 0)
    inputs = ("PASE", "log-mel")
    return Run(Results(FORMAT, name, "id", "grid", None, "", None, 0, 1, 75, inputs, ("clean",), (split,), measured))


def difficulty() -> np.ndarray:
    """Clips differ much more than models do."""
    return np.random.default_rng(0).uniform(0.01, 0.05, CLIPS)


def test_a_small_difference_on_every_clip_is_seen_because_clips_are_paired():
    base = [results(difficulty() + 0.0001 * k) for k in range(3)]
    better = [results(difficulty() - 0.002 + 0.0001 * k) for k in range(3)]
    (found,) = compare({"base": base, "better": better}, [KEY], seed=0)
    assert found.values["base"].high - found.values["base"].low > 0.004, "clips are few"
    assert found.values["base"].value == pytest.approx(difficulty().mean() + 0.0001)
    difference = found.differences["better"]
    assert difference.value == pytest.approx(-0.002)
    assert difference.high == pytest.approx(-0.002, abs=1e-5)
    assert difference.excludes_zero


def test_seeds_that_disagree_widen_the_interval_as_students_t_says():
    steps = np.array([0.0, 0.01, 0.02])
    (found,) = compare({"one": [results(np.full(CLIPS, 0.1 + step)) for step in steps]}, [KEY], seed=0)
    half = 4.303 * steps.std(ddof=1) / math.sqrt(3)
    assert found.values["one"].value == pytest.approx(0.11)
    assert found.values["one"].low == pytest.approx(0.11 - half)
    assert found.values["one"].high == pytest.approx(0.11 + half)


def test_differences_of_seeds_are_paired_in_the_order_given():
    steps = (0.0, 0.01, 0.02)
    base = [results(difficulty() + step) for step in steps]
    other = [results(difficulty() + step + 0.001) for step in steps]
    (paired,) = compare({"base": base, "other": other}, [KEY], seed=0)
    assert paired.differences["other"].excludes_zero
    (fewer,) = compare({"base": base, "other": other[:2]}, [KEY], seed=0)
    assert not fewer.differences["other"].excludes_zero, "seeds cannot be paired"


def test_one_run_has_the_interval_of_its_clips():
    one = results(difficulty())
    (found,) = compare({"one": [one], "two": [results(difficulty() * 1.5)]}, [KEY], seed=0)
    estimate = one.results.measured[0].estimate
    assert found.values["one"].low == pytest.approx(estimate.low, rel=0.05)
    assert found.differences["two"].excludes_zero


@pytest.mark.parametrize("clips", [1, 4])
def test_few_clips_have_no_interval_and_show_no_difference(clips):
    groups = {name: [results(np.full(clips, value))] * 3 for name, value in (("one", 0.1), ("two", 0.2))}
    (found,) = compare(groups, [KEY], seed=0)
    assert math.isnan(found.values["one"].low)
    assert found.differences["two"].value == pytest.approx(0.1)
    assert not found.differences["two"].excludes_zero


def test_results_of_other_clips_are_refused():
    with pytest.raises(InputError, match="measured on other validation clips than first: 39 and 40"):
        compare({"a": [results(difficulty(), "first"), results(difficulty()[1:])]}, [KEY], seed=0)


def test_what_one_run_lacks_is_left_out():
    one = results(difficulty())
    assert (
        compare({"a": [one], "b": [Run(replace(one.results, measured=()))]}, keys_of({"a": [one]}, True), seed=0) == []
    )


def test_files_are_grouped_by_name(tmp_path):
    for run, shift in (("base0", 0.0), ("base1", 0.0001), ("new0", -0.01), ("new1", -0.0102)):
        results(difficulty() + 0.02 + shift).results.save(tmp_path / run / "results.json")
    texts = [f"{name}={tmp_path / name}{k}/results.json" for name in ("base", "new") for k in range(2)]
    text = compare_files(texts, output=tmp_path / "out.md")
    assert text == (tmp_path / "out.md").read_text()
    head = next(line for line in text.splitlines() if line.startswith("| measure"))
    assert head == "| measure | base | new | new - base |"
    assert "Runs: base 2, new 2." in text
    row = next(line for line in text.splitlines() if "LMD" in line)
    assert "↓" in row
    assert "**-0.0" in row
    single = compare_files([str(tmp_path / "base0")])
    assert "| measure | base0 |" in single
    with pytest.raises(InputError, match="does not exist"):
        compare_files([str(tmp_path / "absent")])


def test_baselines_are_compared_clip_by_clip(tmp_path):
    runs = [results(difficulty() + 0.0001 * k) for k in range(2)]
    groups = with_baselines({"ours": runs})
    assert list(groups) == ["ours", "log-mel"]
    (found,) = compare(groups, [KEY], seed=0)
    assert found.differences["log-mel"].value == pytest.approx(0.1 * found.values["ours"].value)
    assert found.differences["log-mel"].excludes_zero
    alone = replace(runs[1].results, inputs=("PASE",))
    assert list(with_baselines({"ours": [runs[0], Run(alone)]})) == ["ours"], "measured beside one run only"
    runs[0].results.save(tmp_path / "results.json")
    assert ", +10 %**" in compare_files([f"ours={tmp_path}"], baselines=True)
