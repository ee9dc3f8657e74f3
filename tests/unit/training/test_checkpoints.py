"""Checkpoints on disk: what is removed, what is read, what is left behind."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.demos.boring_classes import BoringModel

from pase.errors import InputError
from pase.training.checkpoints import CheckpointFileError, CheckpointFiles, OwnCheckpoints

PLAIN = {"state_dict": {}}


def test_checkpoints_of_the_run_are_removed(tmp_path: Path) -> None:
    files = CheckpointFiles()
    for path in (str(tmp_path / "a.ckpt"), f"file://{tmp_path}/b.ckpt"):
        files.save_checkpoint(PLAIN, path)
        files.remove_checkpoint(path)
        files.remove_checkpoint(path)  # it is not there: nothing to do
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "named",
    ["file", "folder.ckpt", "run/file", "run/folder.ckpt", "run/deeper/a.ckpt", "run/../a.ckpt", "local:///run/a.ckpt"],
)
def test_nothing_else_is_removed(named: str, tmp_path: Path) -> None:
    files = CheckpointFiles()
    files.save_checkpoint(PLAIN, tmp_path / "run" / "a.ckpt")
    (tmp_path / "run" / "deeper").mkdir()
    address = named.startswith("local")
    path = tmp_path / named.removeprefix("local:///")
    if "folder" in named:
        path.mkdir()
    else:
        path.touch()
    with pytest.warns(UserWarning, match="is no checkpoint of this run: it is not removed"):
        files.remove_checkpoint(f"local://{path}" if address else path)
    assert path.exists()


def test_those_of_a_gpu_are_read_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {"state_dict": {"w": torch.ones(3)}, "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}}]}
    with monkeypatch.context() as patched:
        patched.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        torch.save(content, tmp_path / "a.ckpt")
    assert b"cuda:0" in (tmp_path / "a.ckpt").read_bytes()
    read = CheckpointFiles().load_checkpoint(tmp_path / "a.ckpt")
    assert read["state_dict"]["w"].device == torch.device("cpu")
    assert read["optimizer_states"][0]["state"][0]["exp_avg"].device == torch.device("cpu")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_the_one_before_is_kept_without_hard_links(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(source: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    monkeypatch.setattr(os, "link", no_link)
    files = CheckpointFiles()
    for step in (1, 2):
        files.save_checkpoint({**PLAIN, "global_step": step}, tmp_path / "last.ckpt")
    assert files.load_checkpoint(tmp_path / "last.ckpt")["global_step"] == 2
    assert files.load_checkpoint(tmp_path / "previous.ckpt")["global_step"] == 1
    assert len(list(tmp_path.iterdir())) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from pase.training.checkpoints import CheckpointFiles
write = Path.write_bytes
def half(path, data):
    write(path, bytes(data)[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
Path.write_bytes = half
CheckpointFiles().save_checkpoint({"state_dict": {}}, Path(sys.argv[1]) / "last.ckpt")
"""


def test_what_a_kill_within_a_save_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CheckpointFiles().save_checkpoint(PLAIN, tmp_path / "last.ckpt")
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False).returncode == -signal.SIGKILL
    (tmp_path / ".previous.ckpt.123").touch()
    (tmp_path / ".mine").touch()
    assert len(list(tmp_path.iterdir())) == 4

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(CheckpointFileError, match=r"newest whole one is \S+/last\.ckpt: make room"):
            CheckpointFiles().save_checkpoint(PLAIN, tmp_path / "last.ckpt")
    trainer = pl.Trainer(accelerator="cpu", callbacks=[ModelCheckpoint(tmp_path), OwnCheckpoints()], logger=False)
    trainer.strategy.optimizers = []
    OwnCheckpoints().on_fit_start(trainer, BoringModel())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine", "last.ckpt"]


@pytest.mark.parametrize("address", [False, True])
@pytest.mark.parametrize("part", ["state_dict", "optimizer_states", "current_model_state", "averaging_state"])
def test_no_part_may_be_nan(part: str, address: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    torch.save({**PLAIN, part: {"w": torch.tensor([torch.nan])}}, path)
    named = f"file://{path}" if address else str(path)
    with pytest.raises(InputError, match=rf"^{named}: weights that are NaN"):
        CheckpointFiles().load_checkpoint(named)


def test_an_address_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no checkpoint file://"):
        CheckpointFiles().load_checkpoint(f"file://{tmp_path}/a.ckpt")


def test_a_damaged_last_one_does_not_displace_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last, previous = tmp_path / "last.ckpt", tmp_path / "previous.ckpt"
    files = CheckpointFiles()
    for step in (1, 2):
        files.save_checkpoint({**PLAIN, "global_step": step}, last)
    last.write_bytes(last.read_bytes()[:-200])
    files = CheckpointFiles()  # as in a new process
    with pytest.warns(UserWarning, match="goes on from .*previous.ckpt, step 1"):
        files.load_checkpoint(last)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(CheckpointFileError, match=r"newest whole one is \S+/previous\.ckpt: make room"):
            files.save_checkpoint({**PLAIN, "global_step": 3}, last)
    for step, before in ((3, 1), (4, 3)):
        files.save_checkpoint({**PLAIN, "global_step": step}, last)
        assert files.load_checkpoint(last)["global_step"] == step
        assert files.load_checkpoint(previous)["global_step"] == before


@pytest.mark.parametrize("gone", [False, True])
def test_a_keeper_takes_over_only_files_that_are_there(gone: bool, tmp_path: Path) -> None:
    keeper = ModelCheckpoint(tmp_path, monitor="loss")
    best = tmp_path / "best.ckpt"
    if not gone:
        best.touch()
    score = torch.tensor(0.5)
    named = {"best_model_path": str(best), "kth_best_model_path": str(best), "best_k_models": {str(best): score}}
    state = {**keeper.state_dict(), **named, "best_model_score": score, "kth_value": score}
    trainer = pl.Trainer(accelerator="cpu", callbacks=[keeper], logger=False)
    checkpoint = {"callbacks": {keeper.state_key: state}}
    OwnCheckpoints().on_load_checkpoint(trainer, BoringModel(), checkpoint)
    assert (keeper.state_key in checkpoint["callbacks"]) is not gone


def checked_model() -> BoringModel:
    model = BoringModel()
    OwnCheckpoints().setup(pl.Trainer(accelerator="cpu", logger=False), model, "fit")
    return model


def test_weights_of_a_compiled_part_fit() -> None:
    model, other = checked_model(), BoringModel()
    model.layer.compile()
    model.load_state_dict(other.state_dict())
    assert torch.equal(model.layer.weight, other.layer.weight)


def test_weights_may_be_missing_where_not_all_are_wanted() -> None:
    model, bias = checked_model(), torch.ones(2)
    with pytest.raises(
        InputError, match=r"1 expected and missing, .* layer\.weight; 1 found and not expected, .* more"
    ):
        model.load_state_dict({"layer.bias": bias, "more": bias})
    model.strict_loading = False
    model.load_state_dict({"layer.bias": bias, "more": bias}, strict=model.strict_loading)
    assert torch.equal(model.layer.bias, bias)
    with pytest.raises(InputError, match=r"layer\.bias are of shape \(3,\), expected \(2,\)"):
        model.load_state_dict({"layer.bias": torch.ones(3)}, strict=model.strict_loading)


def test_an_optimizer_of_ones_own_keeps_the_settings_of_the_checkpoint() -> None:
    trainer = pl.Trainer(accelerator="cpu", logger=False)
    before, now = (torch.optim.AdamW(BoringModel().parameters(), betas=(b, 0.9)) for b in (0.5, 0.8))
    trainer.strategy.optimizers = [now]
    OwnCheckpoints().on_fit_start(trainer, BoringModel())
    now.load_state_dict(before.state_dict())
    assert now.param_groups[0]["betas"] == (0.5, 0.9)
