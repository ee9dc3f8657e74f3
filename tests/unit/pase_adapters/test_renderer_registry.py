from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from pase.errors import InputError
from pase_adapters import registry
from pase_adapters.registry import GROUP, VARIABLE, load_registry
from pase_adapters.spec import RendererSpec

INSTALLED = {point.name for point in entry_points(group=GROUP)}

PLUGIN = """
from dataclasses import replace
from pase_adapters.renderers.er_nerf import SPEC
MINE = replace(SPEC, name="my-nerf", description="mine")
SAME = replace(SPEC, description="mine")
OTHER = "no spec"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a module `made_up_plugin` importable and names it in the environment variable."""
    (tmp_path / "made_up_plugin.py").write_text(PLUGIN)
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no GPU here')")
    monkeypatch.syspath_prepend(tmp_path)

    def offer(references: str) -> None:
        monkeypatch.setenv(VARIABLE, references)

    return offer


def test_er_nerf_is_installed(spec: RendererSpec) -> None:
    found = load_registry()
    assert found.get("er-nerf") == spec
    assert found.skipped == ()


def test_variable_adds_a_renderer(plugin: Callable[[str], None]) -> None:
    plugin("made_up_plugin:MINE, ")
    assert load_registry().get("my-nerf").description == "mine"
    assert list(load_registry().specs) == sorted({*INSTALLED, "my-nerf"})


def test_variable_wins_over_an_installed_renderer(plugin: Callable[[str], None]) -> None:
    plugin("made_up_plugin:SAME")
    found = load_registry()
    assert found.get("er-nerf").description == "mine"
    assert "already taken" in found.skipped[0].reason


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("broken_plugin:SPEC", "no GPU here"),
        ("absent_plugin:SPEC", "No module named"),
        ("made_up_plugin:ABSENT", "ABSENT"),
        ("made_up_plugin:OTHER", "RendererSpec"),
        ("made_up_plugin", "module:SPEC"),
    ],
)
def test_bad_plugin_is_left_out_and_reported(plugin: Callable[[str], None], reference: str, reason: str) -> None:
    plugin(f"{reference},made_up_plugin:MINE")
    found = load_registry()
    assert list(found.specs) == sorted({*INSTALLED, "my-nerf"})
    assert [skipped.source for skipped in found.skipped] == [f"{VARIABLE}={reference}"]
    assert reason in found.skipped[0].reason


def test_asking_for_a_broken_plugin_tells_why(plugin: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("")
    points = EntryPoints([EntryPoint("their-nerf", "broken_plugin:SPEC", GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.raises(InputError, match="no GPU here"):
        load_registry().get("their-nerf")


def test_entry_point_and_spec_must_agree_on_the_name(
    plugin: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin("")
    points = EntryPoints([EntryPoint("their-nerf", "made_up_plugin:MINE", GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert "same name" in load_registry().skipped[0].reason


@pytest.mark.parametrize("name", ["ernerf", "ER-NeRF", "er_nerf", "er-nrf"])
def test_unknown_renderer_suggests_the_nearest(name: str) -> None:
    with pytest.raises(InputError, match="Did you mean er-nerf"):
        load_registry().get(name)


def test_very_unknown_renderer_lists_all() -> None:
    with pytest.raises(InputError, match=f"Known are: {', '.join(sorted(INSTALLED))}"):
        load_registry().get("zzz")
