"""Building what `pase fit` would train."""

from pathlib import Path

import pytest

from pase.errors import InputError
from pase.training.build import build


def test_settings_are_merged_and_the_model_has_their_sizes(small_run: Path, tiny_corpus: Path) -> None:
    built = build(["--config", str(small_run), "--model.net.dim=24", "--model.net.reconstruction=null"])
    assert built.settings["model"]["net"]["dim"] == 24
    assert built.settings["trainer"]["max_steps"] == 6
    assert built.task.model.config.dim == 24
    assert built.task.model.config.reconstruction is None
    assert built.data.folders == [str(tiny_corpus)]


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--model.net.no_such_switch=1", "no_such_switch"),
        ("--model.net.dim=wide", "wide"),
        ("--model.net.dim=-3", "dim is -3"),
        ("--data.window.frames=0", "windows of 0 frames"),
        ("--data.batch_size=10000", "10000"),
        ("--data.corpora=[/nowhere/at/all]", "/nowhere/at/all"),
        ("--config=/nowhere/config.yaml", "/nowhere/config.yaml"),
    ],
)
def test_what_fit_would_refuse_is_an_input_error(small_run: Path, argument: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        build(["--config", str(small_run), argument])
