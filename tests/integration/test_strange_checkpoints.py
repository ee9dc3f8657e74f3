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


def whole_weight(content: dict[str, Any]) -> None:
    content["state_dict"]["model.audio.project.bias"] = content["state_dict"]["model.audio.project.bias"].long()


def other_moment(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["state"][0]["exp_avg"] = torch.zeros(5)


def whole_moment(content: dict[str, Any]) -> None:
    state = content["optimizer_states"][0]["state"][0]
    state["exp_avg_sq"] = state["exp_avg_sq"].long()


def other_sizes(content: dict[str, Any]) -> None:
    content["pase_model"]["dim"] = 10**9


def other_place(content: dict[str, Any]) -> None:
    content["CorpusDataModule"]["handed_out"] = -1


def five_weights(content: dict[str, Any]) -> None:
    content["state_dict"]["model.audio.project.bias"] = torch.zeros(5)


def no_tensor(content: dict[str, Any]) -> None:
    content["state_dict"]["model.audio.project.bias"] = 5


def missing_weight(content: dict[str, Any]) -> None:
    del content["state_dict"]["model.audio.project.bias"]


def more_weights(content: dict[str, Any]) -> None:
    content["state_dict"]["model.more"] = torch.zeros(5)


def more_groups(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["param_groups"].append({"params": [], "lr": 1.0})


def smaller_group(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["param_groups"][1]["params"].pop()


def no_groups(content: dict[str, Any]) -> None:
    del content["optimizer_states"][0]["param_groups"]


def no_moments(content: dict[str, Any]) -> None:
    content["optimizer_states"][0]["state"][0] = [1, 2]


def no_optimizer(content: dict[str, Any]) -> None:
    content["optimizer_states"] = [5]


def weights_alone(content: dict[str, Any]) -> None:
    for part in ("optimizer_states", "lr_schedulers", "callbacks"):
        del content[part]


def listed_callbacks(content: dict[str, Any]) -> None:
    content["callbacks"] = [*content["callbacks"].values()]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (five_weights, "weights model.audio.project.bias are of shape (5,), expected (16,). Go on with the model"),
        (no_tensor, "weights model.audio.project.bias are of type int, expected torch.float32"),
        (missing_weight, "1 expected and missing, the first is model.audio.project.bias. Go on with the model"),
        (more_weights, "1 found and not expected, the first is model.more. Go on with the model"),
        (more_groups, ", 0] parameters, expected ["),
        (smaller_group, "the checkpoint's optimizer has groups of ["),
        (no_groups, "the checkpoint's optimizer_states are not what an optimizer writes"),
        (no_moments, "the checkpoint's optimizer_states are not what an optimizer writes"),
        (no_optimizer, "one of optimizer_states is 5, expected a dict"),
        (weights_alone, "the checkpoint holds weights alone, and no training can go on from it"),
        (listed_callbacks, "callbacks is a list, expected a dict"),
        (spoil_weight, "NaN or infinite, the first in model.audio.project.bias"),
        (spoil_moment, "NaN or infinite, the first in 0.state.0.exp_avg"),
        (other_shape, "is no plain tensor that"),
        (whole_weight, "weights model.audio.project.bias are of type torch.int64, expected torch.float32"),
        (other_moment, "exp_avg of parameter 0 is (torch.float32, (5,)), expected (torch.float32, ("),
        (whole_moment, "exp_avg_sq of parameter 0 is (torch.int64, ("),
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


def test_settings_of_its_optimizer_do_not_hold(config: Path, checkpoint: Path, tmp_path: Path) -> None:
    strange = {"lr": 9.0, "betas": (0.1, 0.2), "eps": 1.0, "weight_decay": 9.0, "amsgrad": True, "maximize": True}

    def change(content: dict[str, Any]) -> None:
        for group in content["optimizer_states"][0]["param_groups"]:
            group.update(strange, more=1)

    ended = []
    for name, path in (("as it is", checkpoint), ("other", tampered(checkpoint, tmp_path / "a.ckpt", change))):
        goes_on = [f"--ckpt_path={path}", "--trainer.max_steps=4", f"--trainer.default_root_dir={tmp_path / name}"]
        assert main(["fit", "--config", str(config), *goes_on]) == 0
        ended.append(torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True))
    groups, found = (content["optimizer_states"][0]["param_groups"] for content in ended)
    assert found == groups
    weights, found = (content["state_dict"] for content in ended)
    assert all(torch.equal(found[name], weights[name]) for name in weights)


KEEPERS = {
    "the best": "ModelCheckpoint{'monitor': 'validation/loss'",
    "the last": "LastCheckpoint",
}


@pytest.mark.parametrize("keeper", KEEPERS)
@pytest.mark.parametrize("place", ["address", "upwards", "upwards, a file"])
def test_files_that_it_names_are_left_alone(
    keeper: str, place: str, config: Path, checkpoint: Path, tmp_path: Path
) -> None:
    """Its keepers of checkpoints say which files were the best so far: those that a better one displaces."""
    run, victim = tmp_path / "run", tmp_path / "victim.ckpt"
    thesis = victim if "file" in place else victim / "thesis"
    thesis.parent.mkdir(exist_ok=True)
    thesis.write_text("years")
    own = str(run / "checkpoints")
    named = f"local://{victim}" if place == "address" else f"{own}/../../victim.ckpt"

    def change(content: dict[str, Any]) -> None:
        (state,) = (value for key, value in content["callbacks"].items() if key.startswith(KEEPERS[keeper]))
        state.update(dirpath=own, best_model_path=named, kth_best_model_path=named, last_model_path=named)
        state.update(best_k_models={named: torch.tensor(1e9)}, best_model_score=torch.tensor(1e9))

    path = tampered(checkpoint, tmp_path / "a.ckpt", change)
    goes_on = [f"--ckpt_path={path}", "--trainer.max_steps=4", f"--trainer.default_root_dir={run}"]
    assert main(["fit", "--config", str(config), *goes_on]) == 0
    assert thesis.read_text() == "years"
    assert (run / "checkpoint" / "model.safetensors").is_file()


@pytest.mark.parametrize("left_out", [False, True])
def test_a_score_that_nothing_beats_does_not_count(
    left_out: bool, config: Path, checkpoint: Path, tmp_path: Path
) -> None:
    named = str(tmp_path / "run" / "checkpoints" / "theirs.ckpt")
    Path(named).parent.mkdir(parents=True)
    Path(named).touch()

    def change(content: dict[str, Any]) -> None:
        (state,) = (value for key, value in content["callbacks"].items() if key.startswith(KEEPERS["the best"]))
        lowest = torch.tensor(-torch.inf)
        state.update(dirpath=str(Path(named).parent), best_model_path=named, kth_best_model_path=named)
        state.update(best_k_models={named: lowest}, best_model_score=lowest, kth_value=lowest)
        if left_out:
            del state["dirpath"]

    path = tampered(checkpoint, tmp_path / "a.ckpt", change)
    goes_on = [f"--ckpt_path={path}", "--trainer.max_steps=4", f"--trainer.default_root_dir={tmp_path / 'run'}"]
    assert main(["fit", "--config", str(config), *goes_on]) == 0
    found = sorted(one.name for one in Path(named).parent.iterdir())
    assert found == ["last.ckpt", "previous.ckpt", "step=4.ckpt", "theirs.ckpt"]
