"""The command line of `pase prepare`."""

from argparse import ArgumentParser
from pathlib import Path

import pytest

from pase.corpus.options import PrepareOptions, add_arguments, options_from
from pase.errors import InputError


def parse(*arguments: str) -> PrepareOptions:
    parser = ArgumentParser()
    add_arguments(parser)
    return options_from(parser.parse_args(["in", "out", *arguments]))


def test_defaults_are_those_of_the_class() -> None:
    assert parse() == PrepareOptions()


def test_every_option() -> None:
    given = parse("--recipe", "grid", "--landmarks", "sidecar", "--face-model", "m.task", "--validation-every", "5")
    assert given == PrepareOptions("grid", "sidecar", Path("m.task"), 5)
    assert parse("--jobs", "3").workers == 3
    assert parse().workers >= 1


@pytest.mark.parametrize("values", [{"recipe": "lrs"}, {"landmarks": "dlib"}, {"validation_every": -1}, {"jobs": -2}])
def test_values_that_are_refused(values: dict) -> None:
    with pytest.raises(InputError, match=next(iter(values))):
        PrepareOptions(**values)
