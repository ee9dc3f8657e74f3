import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import save_wav
from pase.cli.main import main


def test_help_needs_no_torch() -> None:
    code = "import sys; from pase.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'torch', 'lightning', 'av'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
    commands = {line.split()[0] for line in shown.splitlines() if line.startswith("    ") and line[4] != " "}
    assert commands == {
        *("synthesize", "prepare", "inspect", "fit", "validate", "test", "predict", "study"),
        *("export", "encode", "evaluate", "compare", "evaluate-video", "judge", "syncnet", "doctor"),
    }


def test_encode_writes_rows(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_wav(tmp_path / "a.wav", np.zeros(32_000, np.float32))
    arguments = ["encode", str(tmp_path / "a.wav"), str(tmp_path / "a.npy"), "--checkpoint", str(tiny_checkpoint)]
    assert main([*arguments, "--rate", "25"]) == 0
    assert "50 rows of 16, 25 per second" in capsys.readouterr().out
    assert np.load(tmp_path / "a.npy", allow_pickle=False).shape == (50, 16)


@pytest.mark.parametrize(
    ("sound", "checkpoint", "output", "message"),
    [
        ("missing.wav", None, "a.npy", r"missing.wav does not exist"),
        ("a.wav", "nowhere", "a.npy", r"nowhere is not a folder"),
        ("short.wav", None, "a.npy", r"10.0 ms of sound"),
        ("a.wav", None, "a.wav/b.npy", r"cannot write to the folder"),
    ],
)
def test_encode_reports_what_is_wrong(
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sound: str,
    checkpoint: str | None,
    output: str,
    message: str,
) -> None:
    save_wav(tmp_path / "a.wav", np.zeros(16_000, np.float32))
    save_wav(tmp_path / "short.wav", np.zeros(160, np.float32))
    folder = tiny_checkpoint if checkpoint is None else tmp_path / checkpoint
    before = sorted(tmp_path.iterdir())
    assert main(["encode", str(tmp_path / sound), str(tmp_path / output), "--checkpoint", str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("pase: error: ")
    assert message in error
    assert sorted(tmp_path.iterdir()) == before


def test_rate_out_of_range(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_wav(tmp_path / "a.wav", np.zeros(16_000, np.float32))
    arguments = ["encode", str(tmp_path / "a.wav"), str(tmp_path / "a.npy"), "--checkpoint", str(tiny_checkpoint)]
    assert main([*arguments, "--rate", "0"]) == 1
    assert "rate is 0.0 rows per second" in capsys.readouterr().err
