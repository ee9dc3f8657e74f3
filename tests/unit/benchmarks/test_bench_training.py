"""Where a step's time goes."""

import re
from pathlib import Path

import pytest
import yaml
from tests.tiny_run import DATA, NET

from pase.benchmarks.training import Stopwatch, main, table


def test_inner_parts_are_not_counted_twice() -> None:
    moments = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    watch = Stopwatch(lambda: next(moments))
    watch.switch("step")
    watch.enter("encoder")  # 1 s of the step before
    watch.enter("augmentation")  # 2 s of the encoder before
    watch.leave()
    watch.leave()
    watch.switch("data")
    assert watch.seconds == {"step": 1.0 + 5.0, "encoder": 2.0 + 4.0, "augmentation": 3.0}


def test_the_table_shares_out_the_whole_step() -> None:
    lines = table({"backward": 3.0, "data": 1.0}, steps=4).splitlines()
    assert lines[2:] == [
        "| backward | 750.0 ms | 75.0% |",
        "| data | 250.0 ms | 25.0% |",
        "| whole step | 1000.0 ms | 100 % |",
    ]


def test_a_profile_of_a_tiny_preset(
    tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump({"trainer": {"accelerator": "cpu"}, "model": {"net": NET}, "data": DATA}))
    monkeypatch.chdir(tmp_path)
    arguments = ["--config", str(config), f"--data.corpora=[{tiny_corpus}]"]
    assert main(["--steps", "2", "--warmup", "1", "--arithmetic", *arguments]) == 0
    shown = capsys.readouterr().out
    for part in ("waiting for data", "augmentation", "visual encoder", "audio encoder", "reconstruction", "backward"):
        assert f"| {part} |" in shown
    assert "windows per second" in shown
    (billions,) = re.findall(r"([\d.e-]+) GFLOP a window", shown)
    assert float(billions) > 0
    assert list(tmp_path.iterdir()) == [config]


def test_wrong_settings_are_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--steps", "0"]) == 1
    assert main(["--warmup", "0", "--arithmetic", "--data.corpora=[/nowhere/at/all]"]) == 1
    assert "--warmup is 0" in capsys.readouterr().err
    assert main(["--data.corpora=[/nowhere/at/all]", "--model.net.dim=16"]) == 1
    assert "/nowhere/at/all" in capsys.readouterr().err
