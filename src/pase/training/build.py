"""What `pase fit` would train, built and checked without training it."""

import logging
import warnings
from argparse import ArgumentError
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from pase.data.module import CorpusDataModule
from pase.errors import InputError
from pase.training.cli import PaseCLI
from pase.training.task import PaseTask


@dataclass(frozen=True)
class Built:
    """A run that could begin.

    Attributes:
        settings: The merged config, plain values.
        task: The Lightning module, with new weights.
        data: The data module, its corpora opened for training.
    """

    settings: dict[str, Any]
    task: PaseTask
    data: CorpusDataModule


class _WithoutTrainer(PaseCLI):
    def instantiate_trainer(self, **kwargs: Any) -> Any:
        return None


def build(arguments: Sequence[str]) -> Built:
    """Build what `pase fit` would with these arguments, and open its corpora.

    Args:
        arguments: As behind ``pase fit``; ``--ckpt_path`` has no meaning here.

    Raises:
        InputError: An argument, a config or a corpus that `pase fit` would refuse.
    """
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # "Seed set to ..."
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="LightningCLI's args parameter", category=UserWarning)
            cli = _WithoutTrainer(
                PaseTask,
                CorpusDataModule,
                args=list(arguments),
                run=False,
                save_config_callback=None,
                seed_everything_default=0,
                parser_kwargs={"exit_on_error": False},
            )
    except (ArgumentError, ValueError, TypeError) as error:
        raise InputError(f"pase fit would refuse these settings: {error}") from error
    cli.datamodule.setup("fit")
    return Built(yaml.safe_load(cli.parser.dump(cli.config, skip_none=False)), cli.model, cli.datamodule)
