"""`pase fit` and its sisters, in this process, on a tiny corpus."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from tests.tiny_run import config_file

from pase import PASE
from pase.cli.main import main
from pase.models.checkpoint import read_info
from pase.training.task import PaseTask

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    return config_file(tmp_path_factory.mktemp("config"), tiny_corpus, steps=6)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, config: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}"]) == 0
    return folder


def test_a_run_leaves_log_config_checkpoints_and_export(run: Path) -> None:
    with (run / "logs" / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert any(row["validation/window_sync"] for row in rows)
    losses = [float(row["validation/loss"]) for row in rows if row["validation/loss"]]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    assert yaml.safe_load((run / "config.yaml").read_text())["model"]["net"]["dim"] == 16
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert read_info(run / "checkpoint").training["steps"] in (3, 6)


def test_the_export_is_calibrated_and_encodes(run: Path) -> None:
    encoder = PASE.from_pretrained(run / "checkpoint")
    track = encoder.encode(np.random.default_rng(0).standard_normal(16_000) * 0.1, 16_000)
    assert track.states.shape == (int(encoder.rate) + 1, 16)  # a second, its two ends too
    assert not torch.equal(encoder._scale.scale, torch.ones(16))


def test_tiny_numbers_are_numbers_again_after_a_run(run: Path) -> None:
    assert torch.tensor(1e-40) * 1.0 > 0


def test_lightning_checkpoints_load_without_code(run: Path) -> None:
    content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["pase_model"]["dim"] == 16


def test_a_run_goes_on(config: Path, tmp_path: Path) -> None:
    arguments = ["fit", "--config", str(config), f"--trainer.default_root_dir={tmp_path}"]
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert main([*arguments, "--trainer.max_steps=3"]) == 0
    assert main([*arguments, f"--ckpt_path={last}"]) == 0
    assert torch.load(last, weights_only=True)["global_step"] == 6


def test_the_last_checkpoint_is_the_newest_where_an_older_one_is_the_best(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each validation is worse than the one before."""
    monkeypatch.setattr(
        PaseTask, "_evaluate", lambda task, *_: task.log("validation/loss", float(task.global_step), batch_size=1)
    )
    assert main(["fit", "--config", str(config), f"--trainer.default_root_dir={tmp_path}"]) == 0
    assert read_info(tmp_path / "checkpoint").training["steps"] == 3
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 6


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_the_other_commands(run: Path, config: Path, tmp_path: Path, command: str) -> None:
    checkpoint = run / "checkpoints" / "last.ckpt"
    arguments = [command, "--config", str(config), f"--ckpt_path={checkpoint}"]
    assert main([*arguments, f"--trainer.default_root_dir={tmp_path}"]) == 0


def test_the_same_seed_gives_the_same_weights(run: Path, config: Path, tmp_path: Path) -> None:
    assert main(["fit", "--config", str(config), f"--trainer.default_root_dir={tmp_path}"]) == 0
    again = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    first = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(first[name], value) for name, value in again.items())


def test_wandb_offline_beside_the_csv_log(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="pip install 'pase-av[wandb]'")
    monkeypatch.setenv("WANDB_MODE", "offline")
    arguments = ["fit", "--config", str(config), "--config", str(CONFIGS / "logger" / "wandb.yaml")]
    arguments += [f"--trainer.logger.init_args.save_dir={tmp_path}", f"--trainer.default_root_dir={tmp_path}"]
    assert main([*arguments, "--trainer.max_steps=3"]) == 0
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert (tmp_path / "logs" / "version_0" / "metrics.csv").is_file()


def test_print_config(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", str(CONFIGS / "model" / "pase_tiny.yaml"), "--print_config"])
    assert stop.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["model"]["net"]["visual"]["crop_size"] == 48


def test_a_missing_corpus_is_one_message(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", "--config", str(config), f"--data.corpora=[{tmp_path / 'nothing'}]"]
    assert main([*arguments, f"--trainer.default_root_dir={tmp_path}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("pase: error: ")
    assert str(tmp_path / "nothing") in message
    assert "Traceback" not in message


@pytest.mark.parametrize("preset", sorted((CONFIGS / "model").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_is_accepted_and_built(
    preset: Path, tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", str(preset), f"--data.corpora=[{tiny_corpus}]", "--print_config"])
    assert stop.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)

    from pase.models.config import ModelConfig
    from pase.models.model import PaseModel

    assert isinstance(PaseModel(ModelConfig.from_json(printed["model"]["net"])), PaseModel)


@pytest.mark.parametrize("name", ["demo", "grid_cpu"])
def test_every_run_config_is_accepted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    preset = str(CONFIGS / "model" / "pase_tiny.yaml")
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", preset, "--config", str(CONFIGS / f"{name}.yaml"), "--print_config"])
    assert stop.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["model"]["optimizer"]["steps"] == printed["trainer"]["max_steps"]
