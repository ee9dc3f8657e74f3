"""The recipes that come with PASE."""

from pase.errors import InputError
from pase.recipes.base import Recipe
from pase.recipes.folder import FOLDER
from pase.recipes.grid import GRID

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (FOLDER, GRID)}
"""By name."""


def recipe_of(name: str) -> Recipe:
    """A recipe by its name.

    Raises:
        InputError: There is none; the message lists those that there are.
    """
    if name not in RECIPES:
        raise InputError(f"recipe {name!r} is not one of {', '.join(RECIPES)}")
    return RECIPES[name]
