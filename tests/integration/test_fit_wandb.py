"""Runs of `pase fit` as wandb sees them."""

from pathlib import Path

import pytest
import yaml
from tests.integration.test_fit_goes_on import CONFIGS, fit
from tests.tiny_run import config_file


def test_a_run_from_the_config_of_another_is_another(
    tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="pip install 'pase-av[wandb]'")
    wandb.finish()  # a test before may have left its run open
    monkeypatch.setenv("WANDB_MODE", "offline")
    small = config_file(tmp_path, tiny_corpus, steps=4)
    in_wandb = ["--config", str(CONFIGS / "logger" / "wandb.yaml"), f"--trainer.logger.init_args.save_dir={tmp_path}"]
    kept = tmp_path / "one" / "config.yaml"
    ways = (
        (small, "one", *in_wandb, "--trainer.max_steps=2"),
        (kept, "two", "--trainer.max_steps=2"),
        (kept, "one", "--ckpt_path=last", "--trainer.max_steps=4"),
    )
    for config, folder, *more in ways:
        assert fit(config, tmp_path / folder, *more) == 0
        wandb.finish()  # as at a process's end
    one, two = ((tmp_path / name / "wandb_id").read_text().strip() for name in ("one", "two"))
    runs = [path.name.rsplit("-", 1)[1] for path in (tmp_path / "wandb").glob("offline-run-*")]
    assert sorted(set(runs)) == sorted({one, two})
    assert one != two
    assert yaml.safe_load(kept.read_text())["trainer"]["logger"]["init_args"]["id"] is None
