"""Checkpoints on disk: what is removed, what is read, what is left behind."""

from pathlib import Path

import pytest
import torch

from pase.training.checkpoints import CheckpointFiles

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
