"""`pase fit` and its sisters with checkpoints that somebody has tampered with."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny_run import config_file

from pase.cli.main import main


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    return config_file(tmp_path_factory.mktemp("config"), tiny_corpus, steps=2)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, config: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    assert main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}"]) == 0
    return folder / "checkpoints" / "last.ckpt"


def tampered(checkpoint: Path, path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = torch.load(checkpoint, weights_only=True)
    change(content)
    torch.save(content, path)
    return path


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_a_poisoned_one_is_refused_by_every_command(
    command: str, config: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "ran"
    path = tampered(checkpoint, tmp_path / "a.ckpt", lambda content: content.update(more=Bomb(mark)))
    arguments = [command, "--config", str(config), f"--ckpt_path={path}", f"--trainer.default_root_dir={tmp_path}"]
    assert main(arguments) == 1
    assert f"{path} is damaged, or would run code if it were read" in capsys.readouterr().err
    assert not mark.exists()
    torch.load(path, weights_only=False)  # so that the test tests something
    assert mark.exists()


def test_another_reader_of_checkpoints_runs_no_code_either(config: Path, checkpoint: Path, tmp_path: Path) -> None:
    """A config can name Lightning's own reader in the place of ours."""
    mark = tmp_path / "ran"
    path = tampered(checkpoint, tmp_path / "a.ckpt", lambda content: content.update(more=Bomb(mark)))
    reader = "--trainer.plugins=lightning.pytorch.plugins.io.TorchCheckpointIO"
    with pytest.raises(Exception, match="Weights only load failed"):
        main(["validate", "--config", str(config), f"--ckpt_path={path}", reader])
    assert not mark.exists()


def spoil_weight(content: dict[str, Any]) -> None:
    content["state_dict"]["model.audio.project.bias"][0] = torch.nan


def spoil_moment(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["state"][0]["exp_avg"][:] = torch.inf


def other_shape(content: dict[str, Any]) -> None:
    content["state_dict"]["model.audio.project.bias"] = torch.zeros(1).expand(10**12)


def other_sizes(content: dict[str, Any]) -> None:
    content["pase_model"]["dim"] = 10**9


def other_place(content: dict[str, Any]) -> None:
    content["CorpusDataModule"]["handed_out"] = -1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (spoil_weight, "NaN or infinite, the first in model.audio.project.bias"),
        (spoil_moment, "NaN or infinite, the first in 0.state.0.exp_avg"),
        (other_shape, "is no plain tensor that"),
        (other_sizes, "the checkpoint was trained with model.net"),
        (other_place, "-1 batches were handed out, which cannot be"),
    ],
)
def test_what_makes_no_sense_is_refused(
    change: Callable[[dict[str, Any]], None],
    told: str,
    config: Path,
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tampered(checkpoint, tmp_path / "a.ckpt", change)
    goes_on = [f"--ckpt_path={path}", "--trainer.max_steps=4", f"--trainer.default_root_dir={tmp_path}"]
    assert main(["fit", "--config", str(config), *goes_on]) == 1
    assert told in capsys.readouterr().err
