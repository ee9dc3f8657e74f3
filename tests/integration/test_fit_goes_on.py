"""A run that goes on: exactly, with other settings, from a damaged checkpoint, on a full disk."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny_run import config_file

from pase.cli.main import main

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    return config_file(tmp_path_factory.mktemp("config"), tiny_corpus, steps=6)


def fit(config: Path, folder: Path, *more: str) -> int:
    return main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}", *more])


def last(folder: Path, name: str = "last") -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    return content


def assert_equal(one: Any, other: Any) -> None:
    """Weights, moments, rates and places, to the bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_equal(one[name], other[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_equal(*pair)
    else:
        assert one == other


_EXACT = ("state_dict", "optimizer_states", "lr_schedulers", "CorpusDataModule", "global_step")

AVERAGED = ("--trainer.callbacks+=lightning.pytorch.callbacks.EMAWeightAveraging", "--trainer.callbacks.decay=0.5")


@pytest.mark.parametrize("more", [(), AVERAGED], ids=["plain", "averaged weights"])
def test_it_ends_where_an_undisturbed_run_ends(config: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    assert fit(config, tmp_path / "whole", *more) == 0
    assert fit(config, tmp_path / "parts", *more, "--trainer.max_steps=3") == 0
    assert fit(config, tmp_path / "parts", *more, "--ckpt_path=last") == 0
    whole, parts = last(tmp_path / "whole"), last(tmp_path / "parts")
    assert whole["global_step"] == 6
    for name in (*_EXACT, *(["averaging_state", "current_model_state"] if more else [])):
        assert_equal(parts[name], whole[name])


def test_last_begins_where_there_is_none(config: Path, tmp_path: Path) -> None:
    assert fit(config, tmp_path, "--ckpt_path=last", "--trainer.max_steps=3") == 0
    assert last(tmp_path)["global_step"] == 3


def test_other_settings_hold_and_are_told(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(config, tmp_path, "--trainer.max_steps=3") == 0
    capsys.readouterr()
    assert fit(config, tmp_path, "--ckpt_path=last", "--model.optimizer.lr=0.25", "--model.alpha=0.2") == 0
    told = capsys.readouterr().out
    assert "The run goes on from step 3 with other settings, which hold from here on" in told
    assert "  model.optimizer.lr: 0.001 then, 0.25 now" in told
    assert "  model.alpha: 0.1 then, 0.2 now" in told
    assert "default_root_dir" not in told
    state = last(tmp_path)
    assert state["lr_schedulers"][0]["base_lrs"] == [0.25, 0.25]
    assert state["optimizer_states"][0]["param_groups"][0]["initial_lr"] == 0.25
    assert state["pase_settings"]["model"]["alpha"] == 0.2


OWN = ("--optimizer=torch.optim.SGD", "--optimizer.lr=0.1", "--optimizer.weight_decay=0.02")


@pytest.mark.filterwarnings("ignore:`PaseTask.configure_optimizers` will be overridden")
@pytest.mark.parametrize(
    "schedule",
    [
        (),
        ("--lr_scheduler=torch.optim.lr_scheduler.ExponentialLR", "--lr_scheduler.gamma=0.5"),
    ],
)
def test_an_optimizer_of_ones_own_goes_on_with_its_rate(
    config: Path, tmp_path: Path, schedule: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(config, tmp_path, *OWN, *schedule, "--trainer.max_steps=3") == 0
    (before,) = last(tmp_path)["optimizer_states"][0]["param_groups"]
    assert before["lr"] in (0.1, 0.05)
    capsys.readouterr()
    other = ("--optimizer.lr=0.7", "--ckpt_path=last", "--trainer.max_steps=4")
    assert fit(config, tmp_path, *OWN, *schedule, *other) == 0
    told = capsys.readouterr().out
    assert "These settings do NOT hold" in told
    assert "  optimizer.init_args.lr: 0.1 then, 0.7 now" in told.partition("do NOT hold")[2]
    (after,) = last(tmp_path)["optimizer_states"][0]["param_groups"]
    assert after["lr"] in (before["lr"], before["lr"] / 2)
    assert after["weight_decay"] == 0.02


def test_the_same_settings_are_not_told(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        capsys.readouterr()
        assert fit(config, tmp_path, "--ckpt_path=last") == 0
    assert "other settings" not in capsys.readouterr().out


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(config: Path, tmp_path: Path) -> None:
    assert fit(config, tmp_path) == 0
    assert last(tmp_path, "previous")["global_step"] == 3
    whole, path = last(tmp_path), tmp_path / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.warns(UserWarning, match=r"last\.ckpt is damaged.*goes on from .*previous\.ckpt, step 3"):
        assert fit(config, tmp_path, f"--ckpt_path={path}") == 0
    for name in _EXACT:
        assert_equal(last(tmp_path)[name], whole[name])


def test_checkpoints_that_cannot_be_used_are_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn.ckpt").write_bytes(b"PK\x03\x04 torn")
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    for name, told in (
        ("torn", "torn.ckpt is damaged"),
        ("other", "is no checkpoint of a run"),
        ("none", "there is no checkpoint"),
    ):
        assert fit(config, tmp_path / "run", f"--ckpt_path={tmp_path / name}.ckpt") == 1
        assert told in capsys.readouterr().err


def test_a_full_disk_leaves_the_checkpoint_before(config: Path, tmp_path: Path) -> None:
    assert fit(config, tmp_path, "--trainer.max_steps=3") == 0
    path = tmp_path / "checkpoints" / "last.ckpt"
    before = path.read_bytes()
    limit = len(before) // 2  # no file may grow beyond it: writing fails as on a full disk
    pase = Path(sys.executable).with_name("pase")
    done = subprocess.run(
        [pase, "fit", "--config", config, f"--trainer.default_root_dir={tmp_path}", f"--ckpt_path={path}"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "could not be written" in done.stderr
    assert "File too large" in done.stderr
    assert "last.ckpt: make room and go on from it" in done.stderr
    assert path.read_bytes() == before
    assert sorted(one.name for one in path.parent.iterdir()) == sorted(["last.ckpt", "step=3.ckpt"])


def test_wandb_goes_on_under_its_name(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason="pip install 'pase-av[wandb]'")
    wandb.finish()  # a test before may have left its run open
    monkeypatch.setenv("WANDB_MODE", "offline")
    more = ["--config", str(CONFIGS / "logger" / "wandb.yaml"), f"--trainer.logger.init_args.save_dir={tmp_path}"]
    names = []
    for way in (("--trainer.max_steps=3",), ("--ckpt_path=last",), ("--trainer.max_steps=3",)):
        assert fit(config, tmp_path, *more, *way) == 0
        wandb.finish()  # as at a process's end
        names.append((tmp_path / "wandb_id").read_text().strip())
    assert names[0] == names[1] != names[2]
    runs = [path.name.rsplit("-", 1)[1] for path in (tmp_path / "wandb").glob("offline-run-*")]
    assert sorted(runs) == sorted(names)


def test_the_checkpoint_before_is_taken_where_the_last_is_gone(config: Path, tmp_path: Path) -> None:
    assert fit(config, tmp_path) == 0
    whole = last(tmp_path)
    (tmp_path / "checkpoints" / "last.ckpt").unlink()
    with pytest.warns(
        UserWarning, match=r"there is no checkpoint .*last\.ckpt\. The run goes on from .*previous\.ckpt"
    ):
        assert fit(config, tmp_path, "--ckpt_path=last") == 0
    assert last(tmp_path, "previous")["global_step"] == 3
    for name in _EXACT:
        assert_equal(last(tmp_path)[name], whole[name])


@pytest.mark.filterwarnings("ignore:The checkpoint was not created with WeightAveraging")
def test_averaging_can_begin_on_the_way(config: Path, tmp_path: Path) -> None:
    """Lightning then loads what there is of the averaged model's weights."""
    assert fit(config, tmp_path, "--trainer.max_steps=3") == 0
    assert fit(config, tmp_path, *AVERAGED, "--ckpt_path=last") == 0
    assert "averaging_state" in last(tmp_path)
