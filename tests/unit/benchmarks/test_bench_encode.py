"""The benchmark runs and adds up; how fast anything is, is no test."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio

from pase.benchmarks.encode import Measurement, main, measure, table, time_encoding
from pase.benchmarks.encoders import in_chunks, syllables
from pase.errors import InputError
from pase.models.checkpoint import save_checkpoint
from pase.models.config import AudioConfig, ModelConfig, VisualConfig
from pase.models.model import PaseModel

PRESETS = Path(__file__).parents[3] / "configs" / "model"


@pytest.fixture
def checkpoint(tmp_path):
    config = ModelConfig(
        dim=16,
        audio=AudioConfig(hidden=16, layers=1, stride=1),
        visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, collapse="mean"),
        reconstruction=None,
    )
    save_checkpoint(tmp_path / "checkpoint", PaseModel(config), {})
    return tmp_path / "checkpoint"


@pytest.fixture
def one_thread():
    """Whatever a measurement sets in this process is set back."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_a_checkpoint_is_measured_in_its_own_process(checkpoint, tmp_path, capsys):
    output = tmp_path / "speed.json"
    arguments = ["--checkpoint", str(checkpoint), "--peers", "--seconds", "0.5", "--runs", "1", "--threads", "1"]
    assert main([*arguments, "--output", str(output)]) == 0
    assert "| PASE checkpoint | 0.0 M |" in capsys.readouterr().out
    (measured,) = json.loads(output.read_text())["measurements"]
    assert measured["threads"] == 1
    assert measured["parameters"] > 1000
    assert measured["cost"] > 0
    assert measured["peak_mib"] > 50
    assert measured["process"] > measured["load"] > 0


def test_an_encoder_that_cannot_be_built_is_one_clear_message(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("model: {net: {dim: many}}")
    assert main(["--presets", str(tmp_path / "x.yaml"), "--peers", "--seconds", "1"]) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("error: preset:")
    assert "x.yaml is no model preset" in message


@pytest.mark.parametrize("encoder", ["checkpoint:absent", "preset:absent.yaml"])
def test_what_is_absent_is_named(encoder, one_thread):
    with pytest.raises(InputError, match="absent"):
        measure(encoder, 1, 0.2)


def test_nothing_to_measure_and_bad_numbers_are_refused(capsys):
    assert main(["--presets", "--peers"]) == 1
    assert "nothing was measured" in capsys.readouterr().err
    for option in ("--seconds", "--runs", "--threads"):
        assert main([option, "0"]) == 1
        assert "must be positive" in capsys.readouterr().err


def test_a_peer_whose_package_is_absent_is_left_out(checkpoint, tmp_path, capsys, monkeypatch):
    (tmp_path / "hama.py").write_text("raise ModuleNotFoundError(name='hama')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    arguments = ["--checkpoint", str(checkpoint), "--peers", "hama", "--seconds", "0.2", "--runs", "2"]
    assert main([*arguments, "--threads", "1"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("hama is left out: hama is needed here and not installed") == 1
    assert "| PASE checkpoint |" in shown.out
    assert "| hama |" not in shown.out


@pytest.mark.parametrize(("peer", "module"), [("whisper_tiny", "faster_whisper"), ("hama", "hama")])
def test_pretrained_peers_are_measured(peer, module, one_thread):
    pytest.importorskip(module)
    found = measure(peer, 1, 1.0)
    assert (found.encoder, found.parameters) == (peer, None)
    assert min(found.load, found.cost) > 0


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_can_be_built(preset, one_thread):
    assert measure(f"preset:{preset}", 1, 0.2).parameters > 100_000


def test_peers_are_timed_chunk_by_chunk():
    peer = torchaudio.models.wav2vec2_model(
        extractor_mode="group_norm",
        extractor_conv_layer_config=[(8, 10, 5), (8, 8, 4), (8, 4, 4), (8, 4, 4)],
        extractor_conv_bias=False,
        encoder_embed_dim=16,
        encoder_projection_dropout=0.0,
        encoder_pos_conv_kernel=8,
        encoder_pos_conv_groups=2,
        encoder_num_layers=1,
        encoder_num_heads=2,
        encoder_attention_dropout=0.0,
        encoder_ff_interm_features=16,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.0,
        encoder_layer_norm_first=False,
        encoder_layer_drop=0.0,
        aux_num_out=None,
    )
    encode = in_chunks(peer, chunk=0.4)
    pieces = encode(syllables(1.0))
    assert len(pieces) == 3
    assert not pieces[0][0].requires_grad
    assert min(time_encoding(encode, 1.0)) > 0


def test_the_sound_is_the_same_everywhere_and_not_silent():
    np.testing.assert_array_equal(syllables(1.5), syllables(1.5))
    assert len(syllables(1.5)) == 24_000
    assert syllables(1.5).std() > 0.01


def test_the_table_shows_median_and_range():
    measured = [Measurement("hubert_large", 1, 315_000_000, 1.5, cost, 0.2, 2000.0, 9.0) for cost in (0.3, 0.5, 0.4)]
    measured += [Measurement("preset:a/pase_tiny.yaml", 2, 800_000, 1.0, 0.01, 0.02, 300.0, 2.0)]
    measured += [Measurement("onnx:a/pase_tiny.onnx", 1, None, 0.5, 0.01, 0.02, 300.0, 1.0)]
    rows = table(measured).splitlines()
    assert rows[0].startswith(
        "| encoder | weights used | 1 core: s per s of sound | 2 cores: s per s of sound | processor time (1) |"
    )
    assert rows[2] == (
        "| hubert_large | 315.0 M | 0.4000 (0.3000 ... 0.5000) |  | 0.2000 (0.2000 ... 0.2000) | 1.50 s | 9.00 s "
        "| 2000 MiB |"
    )
    assert "| PASE pase_tiny | 0.8 M |" in rows[3]
    assert "| PASE pase_tiny (onnxruntime) | ? |" in rows[4]
