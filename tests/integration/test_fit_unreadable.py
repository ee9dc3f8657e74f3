"""`pase fit` on a corpus in which a clip cannot be read."""

import csv
import math
from pathlib import Path

import pytest
from tests.damaged_corpus import without_pictures
from tests.tiny_run import config_file

from pase.cli.main import main


@pytest.mark.parametrize(("split", "clips", "batch"), [("train", 12, 2), ("validation", 4, 1)])
def test_a_clip_is_left_out_within_the_share_that_may_be(
    split: str, clips: int, batch: int, tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = without_pictures(tiny_corpus, tmp_path / "damaged", split)
    config = config_file(tmp_path, corpus, steps=6)
    command = [
        "fit",
        "--config",
        str(config),
        f"--trainer.default_root_dir={tmp_path / 'run'}",
        f"--data.batch_size={batch}",
    ]
    told = f"1 of {clips} {'training' if split == 'train' else split} clips cannot be read"
    with pytest.warns(UserWarning, match=f"{told}, {clips // 4} may .*Left out"):
        assert main([*command, "--data.max_unreadable=0.25"]) == 0
    with (tmp_path / "run" / "logs" / "version_0" / "metrics.csv").open(newline="") as file:
        losses = [float(row[name]) for row in csv.DictReader(file) for name in row if "loss" in name and row[name]]
    assert losses
    assert all(math.isfinite(loss) for loss in losses)
    capsys.readouterr()
    assert main(command) != 0
    assert f"{told}, 0 may (data.max_unreadable)" in capsys.readouterr().err


def test_a_share_that_is_none(tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_file(tmp_path, tiny_corpus, steps=6)
    assert main(["fit", "--config", str(config), "--data.max_unreadable=2"]) != 0
    assert "data.max_unreadable is 2.0; it is a share of the clips" in capsys.readouterr().err
