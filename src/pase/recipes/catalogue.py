"""Finding recipes: those that come with PASE, those that installed packages offer, and ``module:RECIPE``."""

import importlib
from importlib.metadata import EntryPoint, entry_points

from pase.errors import InputError
from pase.recipes.base import Recipe
from pase.recipes.folder import FOLDER
from pase.recipes.grid import GRID
from pase.recipes.hdtf import HDTF
from pase.recipes.lrs2 import LRS2
from pase.recipes.lrs3 import LRS3
from pase.recipes.mead import MEAD
from pase.recipes.speech import SPEECH
from pase.recipes.voxceleb2 import VOXCELEB2

GROUP = "pase.recipes"
"""Entry-point group: ``name = "module:RECIPE"``."""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (FOLDER, GRID, HDTF, LRS2, LRS3, MEAD, SPEECH, VOXCELEB2)
}
"""Those that come with PASE, by name."""


def recipe_names() -> tuple[str, ...]:
    """The names of all recipes at hand. No plug-in is imported, so a broken one takes nothing else away."""
    return tuple(sorted(RECIPES.keys() | {point.name for point in entry_points(group=GROUP)}))


def recipe_of(name: str) -> Recipe:
    """A recipe by its name, or by ``module:RECIPE``. Recipes of PASE win over plug-ins of the same name.

    Raises:
        InputError: There is none, and the message lists those that there are; or it cannot be loaded.
    """
    if name in RECIPES:
        return RECIPES[name]
    if ":" in name:
        return _load(EntryPoint(name, name, GROUP), "the command line")
    offers = sorted(entry_points(group=GROUP, name=name))
    if not offers:
        raise InputError(f"recipe {name!r} is not one of {', '.join(recipe_names())}, and no module:RECIPE")
    sources = [point.dist.name if point.dist else "an unnamed package" for point in offers]
    if len(offers) > 1:
        raise InputError(
            f"recipe {name!r} is offered by {' and '.join(sources)}; uninstall one, or write module:RECIPE"
        )
    return _load(offers[0], sources[0])


def _load(plugin: EntryPoint, source: str) -> Recipe:
    module, _, attribute = plugin.value.partition(":")
    if not module or not attribute:
        raise InputError(f"the recipe {plugin.name} from {source}: expected module:RECIPE, found {plugin.value!r}")
    try:
        recipe = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a plug-in is foreign code and may raise anything while imported
        raise InputError(
            f"the recipe {plugin.name} from {source} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(recipe, Recipe):
        found = type(recipe).__name__
        raise InputError(f"the recipe {plugin.name} from {source}: expected a Recipe in {plugin.value}, found {found}")
    return recipe
