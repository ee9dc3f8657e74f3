"""The exported graph against torch, and that it needs no torch."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.audio_kinds import AUDIO_KINDS, make_model

from pase import PASE
from pase.audio.waveform import load_audio, save_wav
from pase.errors import InputError
from pase.inference.onnx_encoder import OnnxEncoder
from pase.models.checkpoint import save_checkpoint

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from pase.inference.onnx_export import export_onnx


def exported(kind: str, folder: Path, width: int | None = None) -> tuple[PASE, Path]:
    save_checkpoint(folder / "checkpoint", make_model(kind), {})
    done = export_onnx(folder / "checkpoint", folder / "encoder.onnx", width)
    assert done.error < 1e-4
    return PASE.from_pretrained(folder / "checkpoint", width), done.path


@pytest.fixture(scope="module")
def gru(tmp_path_factory: pytest.TempPathFactory) -> tuple[PASE, Path]:
    return exported("gru", tmp_path_factory.mktemp("onnx"))


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(30_011) * 0.1).astype(np.float32)


def in_pieces(encoder: PASE | OnnxEncoder, sound: np.ndarray, fps: float | None = None) -> np.ndarray:
    stream = encoder.stream(fps=fps)
    cuts = np.random.default_rng(1).integers(0, len(sound), 9)
    rows = [*(stream.push(part) for part in np.split(sound, np.sort(cuts))), stream.finish()]
    return np.concatenate([some.features for some in rows])


def assert_equal_to_torch(encoder: PASE, path: Path, sound: np.ndarray) -> None:
    runtime = OnnxEncoder.open(path)
    np.testing.assert_allclose(in_pieces(runtime, sound), encoder.encode(sound, 16_000).states, atol=1e-4)
    np.testing.assert_allclose(in_pieces(runtime, sound, 25), encoder.encode(sound, 16_000).at_rate(25), atol=1e-4)


def test_the_graph_gives_what_torch_gives(gru: tuple[PASE, Path], sound: np.ndarray) -> None:
    assert_equal_to_torch(*gru, sound)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in AUDIO_KINDS if kind != "gru"])
def test_every_kind_can_be_exported(kind: str, sound: np.ndarray, tmp_path: Path) -> None:
    encoder, path = exported(kind, tmp_path, width=5)
    assert_equal_to_torch(encoder, path, sound)


@pytest.mark.real_data
def test_on_real_speech(gru: tuple[PASE, Path], real_clips: Path) -> None:
    clips = sorted((real_clips / "grid_s1" / "video").iterdir())[:3]
    assert clips
    for clip in clips:
        assert_equal_to_torch(*gru, load_audio(clip))


def test_a_stream_moves_between_torch_and_onnxruntime(gru: tuple[PASE, Path], sound: np.ndarray) -> None:
    encoder, path = gru
    first, second = encoder.stream(44_100, 25), OnnxEncoder.open(path).stream(44_100, 25)
    rows = [first.push(sound[:20_000])]
    second.load_state(first.state())
    rows += [second.push(sound[20_000:]), second.finish()]
    features = np.concatenate([some.features for some in rows])
    np.testing.assert_allclose(features, encoder.encode(sound, 44_100).at_rate(25), atol=1e-4)


def test_whole_files(gru: tuple[PASE, Path], sound: np.ndarray, tmp_path: Path) -> None:
    encoder, runtime = gru[0], OnnxEncoder.open(gru[1])
    save_wav(tmp_path / "a.wav", sound)
    track, expected = runtime.encode_file(tmp_path / "a.wav"), encoder.encode_file(tmp_path / "a.wav")
    np.testing.assert_allclose(track.states, expected.states, atol=1e-4)
    assert (track.rate, track.duration, track.model_id) == (expected.rate, expected.duration, expected.model_id)
    assert runtime.encode_to_file(tmp_path / "a.wav", tmp_path / "a.npy", 25) == (47, 16)
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), expected.at_rate(25), atol=1e-4)
    with pytest.raises(InputError, match=r"10\.0 ms of sound"):
        runtime.encode(sound[:160], 16_000)


def test_the_file_says_what_it_is(gru: tuple[PASE, Path]) -> None:
    encoder, path = gru
    spec = OnnxEncoder.open(path).spec
    assert spec == encoder.stream().spec
    assert spec.model_id == encoder.info.model_id


def test_encoding_needs_no_torch(gru: tuple[PASE, Path]) -> None:
    code = (
        "import sys, numpy; from pase.inference.onnx_encoder import OnnxEncoder\n"
        "stream = OnnxEncoder.open(sys.argv[1]).stream(48_000, 25)\n"
        "rows = len(stream.push(numpy.zeros(48_000, 'float32'))) + len(stream.finish())\n"
        "print(rows, 'torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(gru[1])], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["25", "False"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    import onnx

    with pytest.raises(InputError, match="does not exist"):
        OnnxEncoder.open(tmp_path / "absent.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"broken\.onnx cannot be loaded"):
        OnnxEncoder.open(tmp_path / "broken.onnx")
    value = onnx.helper.make_tensor_value_info("samples", onnx.TensorProto.FLOAT, [1])
    result = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["samples"], ["features"])
    graph = onnx.helper.make_graph([node], "other", [value], [result])
    other = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"other\.onnx was not written by `pase export --onnx`"):
        OnnxEncoder.open(tmp_path / "other.onnx")


def changed(path: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    """The file with something of it made another."""
    import onnx

    model = onnx.load(path)
    change(model)
    onnx.save(model, folder / "changed.onnx")
    return folder / "changed.onnx"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", "1000000000000"),
        ("width", "-1"),
        ("rate", "nan"),
        ("rate", "0"),
        ("delay", "99999999999"),
        ("step_samples", "0"),
        ("window_samples", "1000000000000"),
        ("tail_samples", "1000000000000"),
        ("edge_samples", "-5"),
        ("look_ahead", "inf"),
    ],
)
def test_a_timing_that_cannot_be(gru: tuple[PASE, Path], tmp_path: Path, name: str, value: str) -> None:
    def change(model: Any) -> None:
        [entry] = [entry for entry in model.metadata_props if entry.key == f"pase.{name}"]
        entry.value = value

    with pytest.raises(InputError, match=rf"changed\.onnx: an encoder's {name} is"):
        OnnxEncoder.open(changed(gru[1], tmp_path, change))


def test_a_graph_that_would_remember_too_much(gru: tuple[PASE, Path], tmp_path: Path) -> None:
    def change(model: Any) -> None:
        past = next(item for item in model.graph.input if item.name.startswith("past."))
        past.type.tensor_type.shape.dim[0].dim_value = 10**12

    with pytest.raises(InputError, match=r"changed\.onnx(: its input past\.0| cannot be loaded)"):
        OnnxEncoder.open(changed(gru[1], tmp_path, change))


def test_a_graph_without_features(gru: tuple[PASE, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"its graph has other inputs and outputs"):
        OnnxEncoder.open(changed(gru[1], tmp_path, lambda model: model.graph.output.pop(0)))


def test_weights_elsewhere_on_the_disk(gru: tuple[PASE, Path], tmp_path: Path) -> None:
    """ONNX can name a file that weights lie in; not one outside of the graph's folder."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 10**6)
    (tmp_path / "folder").mkdir()

    def change(model: Any) -> None:
        weights = max(model.graph.initializer, key=lambda item: len(item.raw_data))
        length = len(weights.raw_data)
        weights.ClearField("raw_data")
        weights.data_location = 1  # external
        for key, value in (("location", "../secret"), ("offset", "0"), ("length", str(length))):
            entry = weights.external_data.add()
            entry.key, entry.value = key, value

    import onnx

    model = onnx.load(gru[1])
    change(model)
    path = tmp_path / "folder" / "changed.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"changed\.onnx cannot be loaded"):
        OnnxEncoder.open(path)


def test_a_width_that_is_too_large_leaves_no_file(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="width 17"):
        export_onnx(tiny_checkpoint, tmp_path / "out" / "a.onnx", 17)
    assert not (tmp_path / "out").exists()
