"""Which checkpoints `pase fit` keeps, beside those that a config asks for."""

from pathlib import Path

import pytest
from tests.integration.test_fit_goes_on import fit, last
from tests.tiny_run import config_file


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    return config_file(tmp_path_factory.mktemp("config"), tiny_corpus, steps=6)


def test_a_missing_last_one_is_told(config: Path, tmp_path: Path) -> None:
    assert fit(config, tmp_path, "--trainer.max_steps=3") == 0
    (tmp_path / "checkpoints" / "last.ckpt").unlink()
    with pytest.warns(UserWarning, match="there is no last checkpoint available"):
        assert fit(config, tmp_path, "--ckpt_path=last", "--trainer.max_steps=3") == 0


@pytest.mark.parametrize(
    ("more", "best"),
    [
        (("every_n_train_steps=2", "save_top_k=-1"), "checkpoints/step=*.ckpt"),
        (("filename=kept",), "checkpoints/step=*.ckpt"),  # its settings are those of the keeper of the last
        (("monitor=validation/window_sync", "mode=max", "filename=kept"), "mine/kept.ckpt"),
    ],
)
def test_a_keeper_of_checkpoints_of_ones_own(more: tuple[str, ...], best: str, config: Path, tmp_path: Path) -> None:
    mine = [f"--trainer.callbacks.{one}" for one in (f"dirpath={tmp_path / 'mine'}", *more)]
    assert fit(config, tmp_path, "--trainer.callbacks+=lightning.pytorch.callbacks.ModelCheckpoint", *mine) == 0
    assert last(tmp_path)["global_step"] == 6
    assert list((tmp_path / "mine").iterdir())
    assert len(list(tmp_path.glob(best))) == 1
    assert (not list(tmp_path.glob("checkpoints/step=*"))) == best.startswith("mine")
    assert (tmp_path / "checkpoint" / "model.safetensors").is_file()
