"""Two processes learn the same by the same files, whoever starts them: `pase fit` itself or torchrun."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.test_fit_goes_on import assert_equal, last
from tests.tiny_run import config_file

STEPS = 4
STRATEGY = Path(__file__).parents[2] / "configs" / "strategy" / "ddp.yaml"
PASE = str(Path(sys.executable).with_name("pase"))
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--no-python"]


@pytest.mark.slow
def test_torchrun_gives_the_weights_of_pase_fit(tiny_corpus: Path, tmp_path: Path) -> None:
    config = config_file(tmp_path, tiny_corpus, STEPS)
    for name, starter in (("own", []), ("torchrun", TORCHRUN)):
        command = [*starter, PASE, "fit", "--config", str(config), "--config", str(STRATEGY)]
        command += ["--trainer.accelerator=cpu", "--trainer.devices=2", f"--trainer.default_root_dir={tmp_path / name}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    own, torchrun = last(tmp_path / "own"), last(tmp_path / "torchrun")
    assert torchrun["global_step"] == STEPS
    for part in ("state_dict", "optimizer_states", "CorpusDataModule"):
        assert_equal(torchrun[part], own[part])
