"""`pase encode --width` and `pase export --onnx`."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import save_wav
from pase.cli.main import main


def test_encode_at_another_width_and_at_the_states(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_wav(tmp_path / "a.wav", np.zeros(32_000, np.float32))
    arguments = ["encode", str(tmp_path / "a.wav"), str(tmp_path / "a.npy"), "--checkpoint", str(tiny_checkpoint)]
    assert main([*arguments, "--width", "5"]) == 0
    assert "251 rows of 5, 125 per second" in capsys.readouterr().out
    assert np.load(tmp_path / "a.npy", allow_pickle=False).shape == (251, 5)
    assert main([*arguments, "--width", "17"]) == 1
    assert "this encoder gives 1 ... 16" in capsys.readouterr().err


@pytest.mark.slow
def test_export_to_onnx(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from pase.inference.onnx_encoder import OnnxEncoder

    arguments = ["export", str(tiny_checkpoint), str(tmp_path / "a.onnx"), "--onnx", "--width", "5"]
    assert main(arguments) == 0
    assert "width 5, differs from torch by" in capsys.readouterr().out
    assert OnnxEncoder.open(tmp_path / "a.onnx").spec.width == 5


def test_a_missing_package_names_the_extra(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", str(tiny_checkpoint), str(tmp_path / "a.onnx"), "--onnx"]) == 1
    assert "pip install 'pase-av[onnx]'" in capsys.readouterr().err


def test_width_without_onnx_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.ckpt", str(tmp_path / "folder"), "--width", "5"]) == 1
    assert "--width goes with --onnx" in capsys.readouterr().err
