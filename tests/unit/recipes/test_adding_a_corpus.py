"""The example of docs/adding-a-corpus.md, taken from the page, works; its tables know every recipe."""

import re
from pathlib import Path

import pytest
from tests.lookalikes import write

from pase.errors import InputError
from pase.recipes.base import discover
from pase.recipes.catalogue import RECIPES, recipe_of

PAGE = (Path(__file__).parents[3] / "docs" / "adding-a-corpus.md").read_text(encoding="utf-8")


def test_the_example_is_a_working_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    write(tmp_path / "my_studio.py", example)
    monkeypatch.syspath_prepend(tmp_path)
    recipe = recipe_of("my_studio:RECIPE")
    source = tmp_path / "recordings"
    for take in (
        "speaker01/a.mov",
        "speaker02/a.mov",
        "speaker07/a.mov",
        "speaker01/rehearsal/b.mov",
        "speaker02/c.mov",
    ):
        write(source / take)
    with pytest.raises(InputError, match=r"sentences\.csv is missing"):
        discover(source, recipe)
    takes = ("speaker01/a.mov", "speaker02/a.mov", "speaker07/a.mov")
    write(source / "sentences.csv", "take,sentence\n" + "".join(f"{take},hello\n" for take in takes))
    write(source / "speaker01/a.TextGrid")
    listing = discover(source, recipe, validation_every=2)
    assert [(video.name, video.split, video.text) for video in listing.videos] == [
        ("speaker01/a", "train", "hello"),
        ("speaker02/a", "validation", "hello"),
        ("speaker07/a", "test", "hello"),
    ]
    assert listing.videos[0].given == source / "speaker01/a.TextGrid"
    assert [(refused.path, refused.reason) for refused in listing.refused] == [("speaker02/c.mov", "not_listed")]


@pytest.mark.parametrize("name", RECIPES)
def test_the_tables_know_every_recipe(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    assert all(address in PAGE for address in re.findall(r"https://\S+", RECIPES[name].terms))


def test_every_reason_to_refuse_is_explained() -> None:
    sources = Path(__file__).parents[3] / "src" / "pase" / "recipes"
    code = "".join(path.read_text(encoding="utf-8") for path in sources.glob("*.py"))
    reasons = set(re.findall(r'refuse\(folder, file, "(\w+)"', code)) | {"duplicate_name", "unreadable_name"}
    assert len(reasons) > 3
    assert all(f"`{reason}`" in PAGE for reason in reasons)
