"""From a study's file to its runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pase.errors import InputError
from pase.study.plan import plan, read_study

CONFIGS = Path(__file__).parents[3] / "configs"


def planned(path: Path, content: dict[str, Any], seeds: tuple[int, ...] = (0,)) -> dict[str, str]:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return {run.row: run.identity for run in plan(read_study(path), seeds, path.parent / "out")}


def test_every_row_gets_every_seed_and_its_settings_come_last(study_file: Path, tmp_path: Path) -> None:
    runs = plan(read_study(study_file), (0, 3), tmp_path / "out")
    assert [(run.row, run.seed) for run in runs] == [
        ("base", 0),
        ("no_reconstruction", 0),
        ("base", 3),
        ("no_reconstruction", 3),
    ]
    last = runs[-1]
    assert last.steps == 4
    assert last.arguments[2:] == (
        "--model.alpha=0.2",
        "--model.net.reconstruction=null",
        "--seed_everything=3",
        "--data.seed=3",
        f"--trainer.default_root_dir={last.folder}",
    )
    assert len({run.folder for run in runs}) == 4


def test_the_identity_is_of_the_settings_and_not_of_how_they_are_written(
    study_file: Path, study_content: dict[str, Any]
) -> None:
    first = planned(study_file, study_content)
    assert len(set(first.values())) == 2
    study_content["common"] = {}
    study_content["rows"] = {"base": {"model": {"alpha": 0.2}}, **study_content["rows"]}
    study_content["rows"]["base"] = {"model.alpha": 0.2}
    assert planned(study_file, study_content, (7,))["base"] == first["base"]
    study_content["rows"]["base"] = {"model.alpha": 0.3}
    assert planned(study_file, study_content)["base"] != first["base"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"model.net.no_such_part": 1}, "no_such_part"),
        ({"model.net.dim": -2}, "dim is -2"),
        ({"model.net.dim": "broad"}, "broad"),
        ({"data.corpora": ["/nowhere/at/all"]}, "/nowhere/at/all"),
        ({"data.batch_size": 10_000}, "batch"),
    ],
)
def test_a_bad_row_is_named_before_any_training(
    study_file: Path, study_content: dict[str, Any], settings: dict[str, Any], named: str
) -> None:
    study_content["rows"]["broken"] = settings
    with pytest.raises(InputError, match=named) as error:
        planned(study_file, study_content)
    assert "row broken" in str(error.value)
    assert "No training was begun" in str(error.value)
    assert not (study_file.parent / "out").exists()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"rows": {"other": {}}}, "no row `base`"),
        ({"rows": {"base": {}, "a b": {}}}, "a b"),
        ({"rows": {"base": {"data.seed": 3}}}, "data.seed is set by the study"),
        ({"rows": {"base": [1]}}, "row base"),
        ({"rows": None}, "no row `base`"),
        ({"base": "one.yaml"}, "a list of config files"),
        ({"evaluation": {"unseen": "x"}}, "evaluation"),
        ({"evaluation": {"corpus": "/nowhere"}}, "/nowhere"),
        ({"seeds": [1]}, "unknown part seeds"),
    ],
)
def test_a_study_of_another_form_is_refused(
    study_file: Path, study_content: dict[str, Any], changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        planned(study_file, {**study_content, **changed})


@pytest.mark.parametrize("content", ["rows: [", "- a", "", "\x00"])
def test_what_is_no_study(tmp_path: Path, content: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"study"):
        read_study(path)


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_study(tmp_path / "absent.yaml")


@pytest.mark.parametrize("path", sorted((CONFIGS / "study").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_row_of_every_shipped_study_is_accepted(
    path: Path, tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    content = yaml.safe_load(path.read_text())
    small = {"data.weights": None, "data.batch_size": 4, "data.window.frames": 10}
    content["common"] |= {"data.corpora": [str(tiny_corpus)] * 2, **small}
    for row in content["rows"].values():
        if "data.corpora" in row:
            row |= {"data.corpora": [str(tiny_corpus)], **small}
    content["evaluation"] = {"corpus": str(tiny_corpus)}
    identities = planned(tmp_path / path.name, content)
    assert len(set(identities.values())) == len(content["rows"]), "two rows do the same"
