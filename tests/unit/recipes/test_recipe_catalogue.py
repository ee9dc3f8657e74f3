"""Recipes by name, by entry point and by ``module:RECIPE``."""

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from pase.errors import InputError
from pase.recipes import catalogue
from pase.recipes.catalogue import GROUP, RECIPES, recipe_names, recipe_of

PLUGIN = """
from dataclasses import replace
from pase.recipes.folder import FOLDER
MINE = replace(FOLDER, name="mine")
OTHER = "no recipe"
"""


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_recipe.py").write_text(PLUGIN)
    (tmp_path / "broken_recipe.py").write_text("raise RuntimeError('no such disk')")
    monkeypatch.syspath_prepend(tmp_path)
    offers = {
        "mine": "made_up_recipe:MINE",
        "broken": "broken_recipe:X",
        "grid": "broken_recipe:X",
        "bare": "made_up_recipe",
    }
    points = [EntryPoint(name, value, GROUP) for name, value in offers.items()]
    points += [EntryPoint("twice", f"made_up_recipe:{name}", GROUP) for name in ("MINE", "OTHER")]
    monkeypatch.setattr(catalogue, "entry_points", lambda **wanted: EntryPoints(points).select(**wanted))


def test_a_broken_plugin_takes_nothing_away() -> None:
    assert set(recipe_names()) == {*RECIPES, "mine", "broken", "bare", "twice"}
    assert recipe_of("grid") is RECIPES["grid"]
    assert recipe_of("mine").name == "mine"


def test_module_and_object() -> None:
    assert recipe_of("made_up_recipe:MINE").name == "mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "broken from .* cannot be loaded: RuntimeError: no such disk"),
        ("bare", "expected module:RECIPE, found 'made_up_recipe'"),
        ("twice", "offered by .* and .*; uninstall one"),
        ("absent", "'absent' is not one of bare, broken, folder, grid, .*, and no module:RECIPE"),
        ("made_up_recipe:OTHER", "expected a Recipe in made_up_recipe:OTHER, found str"),
        ("made_up_recipe:GONE", "AttributeError"),
        ("gone_recipe:MINE", "from the command line cannot be loaded: ModuleNotFoundError"),
        (":MINE", "expected module:RECIPE"),
    ],
)
def test_recipe_that_cannot_be_had(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe_of(name)
