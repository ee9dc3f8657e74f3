"""Which classes a config may name.

``class_path`` in a YAML file makes the command line import a module and call what it finds there, so a config from a
stranger could run anything that is installed. Here it can name the project's own classes and those of Lightning and
PyTorch that a run is put together from. The user can allow more, see `pase.trust`.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from jsonargparse import get_loader, set_loader, set_parsing_settings
from lightning.pytorch import strategies
from lightning.pytorch.cli import LightningArgumentParser

from pase.errors import InputError
from pase.trust import ALLOW_VARIABLE, OWN, allowed_by_user, may_be_named
from pase.yaml_file import check_size

ALLOWED = (
    *OWN,
    "lightning.fabric.plugins",  # where some of lightning.pytorch.plugins are defined
    "lightning.pytorch.accelerators",
    "lightning.pytorch.callbacks",
    "lightning.pytorch.loggers",
    "lightning.pytorch.plugins",
    "lightning.pytorch.profilers",
    "lightning.pytorch.strategies",
    "torch.distributed.algorithms.ddp_comm_hooks",
    "torch.optim",
)
"""What every config may name, with all that lies below."""

_UNPICKLING = {
    "fsdp": strategies.FSDPStrategy,
    "deepspeed": strategies.DeepSpeedStrategy,
    "modelparallel": strategies.ModelParallelStrategy,
}
"""How the names of strategies begin that read checkpoints by themselves, by pickle, whatever ``weights_only`` says."""

# What jsonargparse says; where it should say it otherwise some day, its own words are shown.
_DENIED = re.compile(r"Importing '(?P<path>[^']*)' is not allowed")
_GIVEN = re.compile(r"Problem with given class_path '(?P<path>[^']*)'")
_KEY = re.compile(r'Parser key "(?P<key>[^"]*)"')

_CONFIG_BYTES = 2**20

_load_plain = get_loader("yaml")


class TrustingParser(LightningArgumentParser):
    """Lightning's parser, which imports for a config or an argument what is allowed and nothing else.

    jsonargparse looks at a name before it imports anything, and then at where the object is really defined:
    ``pase.files.os.system`` begins with an allowed name and is refused. Its list holds for the whole process.

    Raises:
        InputError: Something else was named, or `ALLOW_VARIABLE` is no list of names.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_loader("yaml", _load, (yaml.YAMLError,))
        # A `class_path` among values that are only handed on (a logger's further arguments) stays a plain mapping.
        set_parsing_settings(instantiate_subclass_spec_in_any=False)
        try:
            set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=[*ALLOWED, *allowed_by_user()])
        except ValueError as error:  # jsonargparse itself, which could change what is allowed
            raise InputError(f"{ALLOW_VARIABLE}: {error}") from error

    def parse_args(  # type: ignore[override]  # argparse's overloads by its own namespace
        self, args: Sequence[str] | None = None, *others: Any, **kwargs: Any
    ) -> Any:
        """As always; a refusal names the file that it is about."""
        try:
            return _without_pickles(super().parse_args(args, *others, **kwargs), sys.argv[1:] if args is None else args)
        except _RefusedError as refusal:
            raise InputError(refusal.told(sys.argv[1:] if args is None else args)) from refusal
        except ValueError as error:  # a refusal that no message of the parser was made of
            if not _DENIED.search(str(error)):
                raise
            raise InputError(_RefusedError(str(error)).told(sys.argv[1:] if args is None else args)) from error

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell of trouble."""
        if _DENIED.search(message):
            raise _RefusedError(message) from ex
        super().error(message, ex)


def _load(text: str) -> Any:
    """What jsonargparse takes for YAML, which is read safely, if it is of a size that can be."""
    check_size(text)
    return _load_plain(text)


class _RefusedError(Exception):
    """What jsonargparse says of a name that is not allowed."""

    def told(self, arguments: Sequence[str]) -> str:
        """For the user, in the command line's terms."""
        text = str(self)
        denied = _DENIED.search(text)
        path = denied["path"] if denied else text
        given = found["path"] if (found := _GIVEN.search(text)) else path
        places = [*(f"{file}" for file in _files_with(given, arguments)), *(key for key in _KEY.findall(text)[-1:])]
        real = "" if given == path else f", which is {path},"
        return (
            f"{', '.join(places) or 'the arguments'}: {given}{real} is not among the classes that a config may name, "
            f"and was not run. Those of {' and '.join(OWN)}, of Lightning (callbacks, loggers, "
            f"strategies, plugins, profilers) and of torch.optim are. If you know what it does, allow its package: "
            f"{ALLOW_VARIABLE}={path.partition('.')[0]} before the command."
        )


def _without_pickles(config: Any, arguments: Sequence[str]) -> Any:
    """The settings, with checkpoints read as plain tensors and values whatever reads them and from wherever."""
    command = config.get("subcommand")
    settings = config if command is None else config[command]
    _check_strategy(settings.get("trainer.strategy"), arguments)
    if command is None:
        return config
    if settings.get("weights_only") is False:
        raise InputError(
            "weights_only: false would run the code that a checkpoint holds: leave it out. Checkpoints of this project "
            "hold none"
        )
    settings["weights_only"] = True
    return config


def _check_strategy(strategy: Any, arguments: Sequence[str]) -> None:
    """Refuse a strategy that reads checkpoints by pickle, unless the user allows it; Lightning ignores its case."""
    given = str(getattr(strategy, "class_path", strategy))
    name = given.rpartition(".")[2]
    kind = next((kind for start, kind in _UNPICKLING.items() if name.lower().startswith(start)), None)
    if kind is None:
        return
    public = f"{strategies.__name__}.{kind.__name__}"
    if any(may_be_named(path) for path in (given, public, f"{kind.__module__}.{kind.__name__}")):
        return
    places = ", ".join([*(f"{file}" for file in _files_with(name, arguments)), "trainer.strategy"])
    raise InputError(
        f"{places}: {given} reads checkpoints by pickle, which runs the code that they hold, and was not used. Take "
        "another, for instance ddp. If you go on from your own checkpoints alone, allow it: "
        f"{ALLOW_VARIABLE}={public} before the command."
    )


def _files_with(name: str, arguments: Sequence[str]) -> list[Path]:
    """The config files among the arguments that hold a name."""
    found = []
    for argument in arguments:
        file = Path(argument.rpartition("=")[2])
        try:
            if file.is_file() and file.stat().st_size <= _CONFIG_BYTES and name.encode() in file.read_bytes():
                found.append(file)
        except (OSError, ValueError):  # an argument that cannot be a file's name
            continue
    return found
