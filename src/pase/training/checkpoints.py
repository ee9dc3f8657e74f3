"""Checkpoints of a run on disk: whole or not at all, the one before kept, read without running code."""

import errno
import io
import itertools
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.cloud_io import get_filesystem
from lightning.pytorch.callbacks import ModelCheckpoint

from pase.errors import InputError, PaseError
from pase.files import atomic_path
from pase.torch_file import check_finite, read_torch_file
from pase.training.task import RateSchedule

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links answer to one."""

_DRAFT = re.compile(rf"\..+\.\d+-[0-9a-f]+\.part\.ckpt|\.{re.escape(PREVIOUS)}\.\d+")
"""Names of what a process that is killed while it saves leaves behind."""


class CheckpointFileError(PaseError):
    """A checkpoint could not be written."""


class CheckpointFiles(TorchCheckpointIO):
    """How a run's checkpoints are written and read; those at addresses (``s3://...``) as Lightning does it.

    A new ``last.ckpt`` leaves the one before as ``previous.ckpt``, which is taken where the last one turns out to be
    damaged; the damaged one is not kept.
    """

    def __init__(self) -> None:
        self._folders: set[str] = set()  # into which this run has saved
        self._damaged: Path | None = None  # a last checkpoint that could not be read

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            CheckpointFileError: It cannot be written, for instance because the disk is full; what was there stays.
        """
        self._folders.add(_folder(path))
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        target = Path(path)
        try:
            content = io.BytesIO()  # torch's own writing does not tell why it fails
            torch.save(checkpoint, content)
            with atomic_path(target) as draft:
                draft.write_bytes(content.getbuffer())
                if target.name == LAST and target.is_file() and target.resolve() != self._damaged:
                    _keep(target)
            if target.resolve() == self._damaged:
                self._damaged = None
        except (OSError, PaseError) as error:
            readable = [path for path in written(target.parent) if path.resolve() != self._damaged]
            whole = max(readable, key=lambda path: path.stat().st_mtime_ns, default=None)
            kept = "" if whole is None else f". The newest whole one is {whole}: make room and go on from it"
            raise CheckpointFileError(f"the checkpoint {target} could not be written: {error}{kept}") from error

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint, or the one before if it is damaged, which is told.

        Its tensors go to the CPU, wherever they were and whatever `map_location` says: strategies copy them from there
        to each rank's device.

        Raises:
            InputError: There is none, or none can be read without running code.
        """
        if "://" in str(path):
            return _fetch(str(path))
        target = Path(path)
        try:
            return _read(target)
        except InputError as error:
            earlier = target.with_name(PREVIOUS)
            if target.name != LAST or not earlier.is_file():
                raise
            content = _read(earlier)
            self._damaged = target.resolve()
            warnings.warn(f"{error}. The run goes on from {earlier}, step {content.get('global_step')}.", stacklevel=2)
            return content

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint file that lies where this run saves its own; anything else stays, which is told."""
        files = get_filesystem(path)
        if not files.exists(str(path)):
            return
        if not str(path).endswith(".ckpt") or _folder(path) not in self._folders or not files.isfile(str(path)):
            warnings.warn(f"{path} is no checkpoint of this run: it is not removed", stacklevel=2)
        elif "://" in str(path):
            files.rm_file(str(path))
        else:
            Path(path).unlink()


class LastCheckpoint(ModelCheckpoint):
    """Keeps the newest checkpoint, beside any other keeper: Lightning tells keepers apart by their class and settings.

    `save_last` of the keeper of the best would be a copy of the best: after a kill the run would go on from there.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(dirpath=folder, filename=Path(LAST).stem, enable_version_counter=False)

    def _find_last_checkpoints(self, trainer: pl.Trainer) -> set[str]:
        """What ``--ckpt_path last`` means to Lightning: the one before where the last one is gone, which is told."""
        found: set[str] = super()._find_last_checkpoints(trainer)
        earlier = Path(str(self.dirpath)) / PREVIOUS
        if found or not earlier.is_file():
            return found
        warnings.warn(f"there is no checkpoint {earlier.with_name(LAST)}. The run goes on from {earlier}", stacklevel=2)
        return {str(earlier)}


def written(folder: Path) -> list[Path]:
    """The checkpoints in a folder; drafts that a killed process left have names that begin with a dot."""
    return [path for path in folder.glob("*.ckpt") if not path.name.startswith(".")]


class OwnCheckpoints(pl.Callback):
    """Lets a run take over from a checkpoint only what fits it; removes what killed processes left where it saves.

    A checkpoint tells which files were the best and the last. They are removed and exported by these names, so names
    from a stranger, or from a run in another folder, must not count: such a keeper begins anew.
    """

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """See to it that weights fit when they are loaded; those of other types would be turned into ours."""
        pl_module.register_load_state_dict_pre_hook(_check_weights)  # type: ignore[no-untyped-call]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove drafts; see to it that moments fit when they are loaded, and that our optimizer's settings hold."""
        for optimizer in trainer.optimizers:
            optimizer.register_load_state_dict_pre_hook(_check_moments)
        for schedule in (config.scheduler for config in trainer.lr_scheduler_configs):
            if isinstance(schedule, RateSchedule):
                schedule.optimizer.register_load_state_dict_pre_hook(_keep_settings)
        folders = {str(getattr(keeper, "dirpath", None) or "://") for keeper in trainer.checkpoint_callbacks}
        for folder in folders:
            if trainer.is_global_zero and "://" not in folder:
                for path in Path(folder).glob(".*"):
                    if _DRAFT.fullmatch(path.name):
                        path.unlink(missing_ok=True)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Drop the states of keepers that name other files, or scores that no checkpoint can beat."""
        states = checkpoint["callbacks"]
        for keeper in trainer.checkpoint_callbacks:
            state = states.get(keeper.state_key)
            if isinstance(keeper, ModelCheckpoint) and state is not None and not _is_of(keeper, state):
                del states[keeper.state_key]


def _is_of(keeper: ModelCheckpoint, state: Any) -> bool:
    if not isinstance(state, dict) or keeper.dirpath is None or state.get("dirpath") != keeper.dirpath:
        return False
    names = keeper.state_dict().keys()
    best = state.get("best_k_models")
    if state.keys() != names or not isinstance(best, dict) or state["kth_best_model_path"] not in ["", *best]:
        return False
    paths = [*best, state["best_model_path"], state["kth_best_model_path"], state["last_model_path"]]
    scores = [*best.values(), *([] if state["best_model_score"] is None else [state["best_model_score"]])]
    return all(_lies_in(path, keeper.dirpath) for path in paths) and all(_is_score(score) for score in scores)


def _lies_in(path: Any, folder: Any) -> bool:
    """Whether a keeper's path is empty, or a file that lies directly in the folder; links on the way are followed."""
    if path == "":
        return True
    if not isinstance(path, str) or not path.endswith(".ckpt") or _folder(path) != _folder(f"{folder}/a"):
        return False
    return bool(get_filesystem(path).isfile(path))


def _is_score(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == 0 and bool(value.isfinite())


def _folder(path: Any) -> str:
    """In which a path lies: an address as it is written, a folder on disk as it is in truth."""
    return str(path).rpartition("/")[0] if "://" in str(path) else str(Path(path).parent.resolve())


def _keep(last: Path) -> None:
    """Let the last checkpoint be the previous one, too: under both names until the new one takes its place."""
    link = last.with_name(f".{PREVIOUS}.{os.getpid()}")
    link.unlink(missing_ok=True)
    try:
        os.link(last, link)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(last, link)
    link.replace(last.with_name(PREVIOUS))


def _fetch(address: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "fetched.ckpt"
        try:
            get_filesystem(address).get_file(address, str(copy))
        except OSError as error:
            raise InputError(f"there is no checkpoint {address}: {error}") from error
        try:
            return _read(copy)
        except InputError as error:
            raise InputError(str(error).replace(str(copy), address)) from error


def _check_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Refuse a state of other parameters, and moments of Adam and its kin that are not as their parameters."""
    if not _is_state(state):
        raise InputError(
            "the checkpoint's optimizer_states are not what an optimizer writes: expected are moments, in dicts, as "
            "its state, and param_groups, a list of dicts that number their params. Go on from another checkpoint"
        )
    groups = [group["params"] for group in optimizer.param_groups]
    numbers = [group["params"] for group in state["param_groups"]]
    sizes, found_sizes = [len(group) for group in groups], [len(group) for group in numbers]
    if found_sizes != sizes:
        raise InputError(
            f"the checkpoint's optimizer has groups of {found_sizes} parameters, expected {sizes}: it was written with "
            f"another optimizer or model. Go on with those that it was written with, or begin a new run"
        )
    if not isinstance(optimizer, torch.optim.Adam):
        return
    for number, parameter in zip(itertools.chain(*numbers), itertools.chain(*groups), strict=True):
        for name, value in state["state"].get(number, {}).items():
            shape = () if name == "step" else tuple(parameter.shape)
            if not isinstance(value, torch.Tensor) or tuple(value.shape) != shape or value.dtype != parameter.dtype:
                found = (value.dtype, tuple(value.shape)) if isinstance(value, torch.Tensor) else repr(value)
                raise InputError(
                    f"the checkpoint's {name} of parameter {number} is {found}, expected {(parameter.dtype, shape)}"
                )


def _is_state(state: dict[str, Any]) -> bool:
    moments, groups = state.get("state"), state.get("param_groups")
    if not isinstance(moments, dict) or not isinstance(groups, list):
        return False
    numbers = [group.get("params") if isinstance(group, dict) else None for group in groups]
    return all(
        isinstance(each, list)
        and all(isinstance(number, int | str) and isinstance(moments.get(number, {}), dict) for number in each)
        for each in numbers
    )


def _keep_settings(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Let the optimizer's own settings take the place of the checkpoint's, which torch would take over."""
    groups = zip(optimizer.param_groups, state["param_groups"], strict=True)
    state["param_groups"] = [{**own, "params": found["params"]} for own, found in groups]


def _check_weights(module: pl.LightningModule, state: Mapping[str, Any], prefix: str, *_: Any) -> None:
    """Refuse weights of other types and shapes; unless the module says otherwise, also ones missing or too many.

    Whether one call asks for all of them torch does not tell.
    """
    weights = module.state_dict(prefix=prefix)
    if module.strict_loading:
        missing = [name for name in weights if name not in state]
        more = [str(name) for name in state if str(name).startswith(prefix) and name not in weights]
        if missing or more:
            raise InputError(f"the checkpoint's weights are not this model's: {_named(missing, more)}. {_OTHER_MODEL}")
    for name, own in weights.items():
        found = state.get(name, own)
        if getattr(found, "dtype", None) != own.dtype:
            kind = getattr(found, "dtype", type(found).__name__)
            raise InputError(f"the checkpoint's weights {name} are of type {kind}, expected {own.dtype}")
        if found.shape != own.shape:
            raise InputError(
                f"the checkpoint's weights {name} are of shape {tuple(found.shape)}, expected {tuple(own.shape)}. "
                f"{_OTHER_MODEL}"
            )


_OTHER_MODEL = "Go on with the model that it was written with, or begin a new run"


def _named(missing: Sequence[str], more: Sequence[str]) -> str:
    """How many names are missing and too many, and the first of each."""
    told = []
    if missing:
        told.append(f"{len(missing)} expected and missing, the first is {missing[0]}")
    if more:
        told.append(f"{len(more)} found and not expected, the first is {more[0]}")
    return "; ".join(told)


_FORMS = {"callbacks": dict, "optimizer_states": list, "current_model_state": dict, "averaging_state": dict}
"""Parts of a checkpoint that Lightning uses without a look at them."""


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"there is no checkpoint {path}")
    content = read_torch_file(path)
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        raise InputError(f"{path} is no checkpoint of a run: it has no weights")
    check_finite(content["state_dict"], path)
    for states in ("optimizer_states", "current_model_state", "averaging_state"):
        check_finite(content.get(states), path)
    for name, kind in _FORMS.items():
        if not isinstance(content.get(name, kind()), kind):
            found = type(content[name]).__name__
            raise InputError(f"{path} is no checkpoint of a run: {name} is a {found}, expected a {kind.__name__}")
    if odd := [state for state in content.get("optimizer_states", []) if not isinstance(state, dict)]:
        raise InputError(
            f"{path} is no checkpoint of a run: one of optimizer_states is {odd[0]!r:.60}, expected a dict"
        )
    return content
