"""`pase-adapt` from end to end, with a small encoder of random weights."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from pase.audio.waveform import save_wav
from pase.models.checkpoint import save_checkpoint
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel
from pase_adapters.cli.main import main
from pase_adapters.feature_file import read_origin


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("made") / "checkpoint"
    save_checkpoint(folder, PaseModel(ModelConfig(dim=32, audio=AudioConfig(hidden=32, layers=1, stride=1))), {})
    return folder


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Three seconds: a swept tone between two half seconds of silence."""
    time = np.arange(48_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * (150 * time + 80 * time**2)) * ((time > 0.5) & (time < 2.5))
    save_wav(tmp_path / "speech.wav", tone.astype(np.float32))
    return tmp_path / "speech.wav"


def arguments(audio: Path, checkpoint: Path, output: Path) -> list[str]:
    return [
        *("--renderer", "er-nerf", "--audio", str(audio)),
        *("--checkpoint", str(checkpoint), "--output", str(output)),
    ]


def test_file_for_er_nerf(speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(speech, checkpoint, tmp_path / "out")) == 0
    array = np.load(tmp_path / "out" / "aud_eo.npy", allow_pickle=False)
    assert array.shape == (75, 16, 44)
    assert array.dtype == np.float32
    assert np.isfinite(array).all()
    assert not array[:, :, 32:].any()
    assert not array[0, :8].any()  # before the recording
    assert array[0, 8:, :32].any()
    assert read_origin(tmp_path / "out" / "aud_eo.npy") is not None
    printed = capsys.readouterr().out
    assert "75 rows x 16 columns x 44 features" in printed
    assert "--iters 100000 --asr_model esperanto" in printed


def test_rows_overlap_as_windows_of_one_stream(speech: Path, checkpoint: Path, tmp_path: Path) -> None:
    assert main(arguments(speech, checkpoint, tmp_path / "out")) == 0
    array = np.load(tmp_path / "out" / "aud_eo.npy", allow_pickle=False)
    np.testing.assert_array_equal(array[1:, :14], array[:-1, 2:])


def write_float_wav(path: Path, samples: np.ndarray) -> None:
    """A RIFF file of 32-bit floats, the usual carrier of NaN."""
    data = samples.astype("<f4").tobytes()
    header = b"fmt " + np.array([16], "<u4").tobytes()
    header += np.array([3, 1], "<u2").tobytes() + np.array([16000, 64000], "<u4").tobytes()
    header += np.array([4, 32], "<u2").tobytes() + b"data" + np.array([len(data)], "<u4").tobytes()
    path.write_bytes(b"RIFF" + np.array([4 + len(header) + len(data)], "<u4").tobytes() + b"WAVE" + header + data)


def test_sound_with_nan(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = np.zeros(16_000)
    samples[7000] = np.nan
    write_float_wav(tmp_path / "bad.wav", samples)
    assert main(arguments(tmp_path / "bad.wav", checkpoint, tmp_path / "out")) == 1
    message = capsys.readouterr().err
    assert "bad.wav" in message
    assert "NaN" in message
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("seconds", [0.01, 0.12])
def test_too_short_a_sound(
    checkpoint: Path, tmp_path: Path, seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    save_wav(tmp_path / "blip.wav", np.zeros(int(16_000 * seconds), dtype=np.float32))
    assert main(arguments(tmp_path / "blip.wav", checkpoint, tmp_path / "out")) == 1
    assert "blip.wav" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_file_that_is_no_sound(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.wav").write_text("no sound at all")
    assert main(arguments(tmp_path / "notes.wav", checkpoint, tmp_path / "out")) == 1
    assert "notes.wav" in capsys.readouterr().err


def test_wav_without_samples(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with wave.open(str(tmp_path / "empty.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    assert main(arguments(tmp_path / "empty.wav", checkpoint, tmp_path / "out")) == 1
    assert "empty.wav" in capsys.readouterr().err


def test_incomplete_checkpoint(speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    assert main(arguments(speech, tmp_path / "half", tmp_path / "out")) == 1
    assert "model.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_absent_checkpoint(speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(speech, tmp_path / "absent", tmp_path / "out")) == 1
    assert "absent" in capsys.readouterr().err


def test_unknown_renderer(speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arguments(speech, checkpoint, tmp_path / "out")
    given[1] = "ernef"
    assert main(given) == 1
    assert "Did you mean er-nerf" in capsys.readouterr().err


def test_folder_that_is_no_subject(
    speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*arguments(speech, checkpoint, tmp_path / "out"), "--data-dir", str(tmp_path)]
    assert main(given) == 1
    assert "is not a processed er-nerf subject" in capsys.readouterr().err


def test_unwritable_output(speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(arguments(speech, checkpoint, tmp_path / "file" / "out")) == 1
    assert "cannot write to the folder" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--renderer", "er-nerf"], ["--frobnicate"], ["--tolerance", "many"]])
def test_wrong_usage(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(given)
    assert stop.value.code == 2
    assert "usage: pase-adapt" in capsys.readouterr().err


def test_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASE_ADAPTERS", "no_such_module:SPEC")
    assert main(["--list"]) == 0
    printed = capsys.readouterr()
    assert "er-nerf" in printed.out
    assert "https://github.com/Fictionarry/ER-NeRF" in printed.out
    assert "warning: left out PASE_ADAPTERS=no_such_module:SPEC" in printed.err


@pytest.mark.parametrize("flag", ["--help", "--list"])
def test_help_and_list_load_neither_torch_nor_numpy(flag: str) -> None:
    """Both take a second and more to import."""
    script = (
        "import sys\nfrom pase_adapters.cli.main import main\n"
        f"try:\n    main([{flag!r}])\nexcept SystemExit:\n    pass\n"
        "print({'torch', 'numpy', 'av'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "set()"


def test_several_recordings_in_one_call(
    speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that cannot be used is named and does not take the others along."""
    (tmp_path / "other.wav").write_bytes(speech.read_bytes())
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    given = ["--renderer", "er-nerf", "--driving", "--checkpoint", str(checkpoint), "--output", str(tmp_path / "out")]
    audio = [str(speech), str(tmp_path / "broken.wav"), str(tmp_path / "other.wav")]
    assert main([*given, "--audio", *audio]) == 1
    printed = capsys.readouterr()
    assert "1 of 3 recordings were refused" in printed.err
    assert "broken.wav" in printed.err
    one, other = (np.load(tmp_path / "out" / f"{name}_eo.npy") for name in (speech.stem, "other"))
    np.testing.assert_array_equal(one, other)


def test_recordings_of_one_name_are_refused(
    speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / speech.name).write_bytes(speech.read_bytes())
    given = ["--renderer", "er-nerf", "--driving", "--checkpoint", str(checkpoint), "--output", str(tmp_path / "out")]
    assert main([*given, "--audio", str(speech), str(tmp_path / "more" / speech.name)]) == 1
    assert "different names" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_unknown_slot(speech: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(speech, checkpoint, tmp_path / "out"), "--slot", "mel"]) == 1
    assert "no slot 'mel'; it has esperanto, any" in capsys.readouterr().err
