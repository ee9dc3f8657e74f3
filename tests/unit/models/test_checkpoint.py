import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.audio_kinds import AUDIO_KINDS

from pase.errors import InputError
from pase.models.checkpoint import load_checkpoint, outline, read_info, save_checkpoint
from pase.models.config import ModelConfig, ReconstructionConfig, VisualConfig
from pase.models.model import PaseModel


@pytest.fixture
def copy(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))


def test_round_trip(tiny_model: PaseModel, tmp_path: Path) -> None:
    info = save_checkpoint(tmp_path / "c", tiny_model, {"corpora": "grid", "steps": 3})
    loaded, read = load_checkpoint(tmp_path / "c")
    assert read == info
    assert read.training == {"corpora": "grid", "steps": 3}
    for name, value in tiny_model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    card = (tmp_path / "c" / "README.md").read_text()
    assert info.model_id in card
    assert "corpora: grid" in card


def test_an_older_checkpoint_is_replaced_whole(tiny_model: PaseModel, copy: Path) -> None:
    old = read_info(copy).model_id
    torch.nn.init.zeros_(tiny_model.audio.project.bias)
    new = save_checkpoint(copy, tiny_model, {}).model_id
    assert new != old
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy"]


def test_other_folders_are_not_replaced(tiny_model: PaseModel, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("...")
    with pytest.raises(InputError, match="is no checkpoint folder"):
        save_checkpoint(tmp_path / "thesis", tiny_model, {})
    assert (tmp_path / "thesis" / "chapter1.tex").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_incomplete(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"no complete PASE checkpoint: {name} missing"):
        load_checkpoint(copy)


def test_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a checkpoint folder"):
        load_checkpoint(tmp_path / "nothing")


def test_from_other_software(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "hubert"}')
    with pytest.raises(InputError, match="was not written by PASE"):
        load_checkpoint(copy)


def test_from_a_newer_format(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "format": 99}))
    with pytest.raises(InputError, match="update pase-av"):
        load_checkpoint(copy)


@pytest.mark.parametrize("size", [0, 7, 100, 5000])
def test_truncated_weights(copy: Path, size: int) -> None:
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[:size])
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        load_checkpoint(copy)


def test_pickled_weights_are_not_run(copy: Path) -> None:
    torch.save({"a": torch.zeros(1)}, copy / "model.safetensors")
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        load_checkpoint(copy)


def test_weights_of_another_size(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["model"]["audio"]["hidden"] = 24
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"does not fit its config\.json: .* tensors differ"):
        load_checkpoint(copy)


@pytest.mark.parametrize("target", ["feature", "input"])
@pytest.mark.parametrize("visual", [VisualConfig(kind="stacked", crop_size=96), VisualConfig(kind="shared")])
@pytest.mark.parametrize("kind", AUDIO_KINDS)
def test_an_outline_has_the_shapes_of_its_network(kind: str, visual: VisualConfig, target: str) -> None:
    config = ModelConfig(
        dim=16, audio=AUDIO_KINDS[kind], visual=visual, reconstruction=ReconstructionConfig(target=target)
    )
    outlined = outline(config)
    shapes = {name: value.shape for name, value in PaseModel(config).state_dict().items()}
    assert {name: value.shape for name, value in outlined.state_dict().items()} == shapes
    assert all(parameter.is_meta for parameter in outlined.parameters())


def test_absurd_sizes_take_no_memory(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size is one that could be, all of them together are more than the file has."""
    config = json.loads((copy / "config.json").read_text())
    config["model"]["dim"] = 4096
    config["model"]["audio"] |= {"hidden": 4096, "layers": 32}
    (copy / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("torch.nn.init.uniform_", refuse_memory)
    with pytest.raises(InputError, match=r"does not fit its config\.json"):
        load_checkpoint(copy)


def refuse_memory(tensor: torch.Tensor, *arguments: object, **named: object) -> torch.Tensor:
    assert tensor.is_meta, "weights of a claimed size were made"
    return tensor


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("visual", "width", 1e9),
        ("visual", "stem_stride", 10**9),
        ("visual", "crop_size", 10**9),
        ("audio", "layers", 10**9),
        ("audio", "hidden", 10**9),
        ("audio", "dropout", float("nan")),
        ("reconstruction", "layers", 10**9),
        ("reconstruction", "mask_ratio", -1.0),
        ("alignment", "phone_dropout", 2.0),
        (None, "dim", 10**9),
        (None, "dim", "16"),
        (None, "dim", 16.0),
        (None, "phone_heads", "yes"),
    ],
)
def test_sizes_that_cannot_be(copy: Path, part: str | None, name: str, value: object) -> None:
    config = json.loads((copy / "config.json").read_text())
    (config["model"] if part is None else config["model"][part])[name] = value
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=rf"config\.json: .*{name}"):
        load_checkpoint(copy)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 50_000, "\xff", "NaN"])
def test_a_config_that_is_none(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"config\.json"):
        load_checkpoint(copy)


@pytest.mark.parametrize(
    "header",
    [
        {"audio.project.bias": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}},
        {"audio.project.bias": {"dtype": "F32", "shape": [16], "data_offsets": [0, 4]}},
        {"audio.project.bias": {"dtype": "F32", "shape": [2**63], "data_offsets": [0, 64]}},
        {"audio.project.bias": {"dtype": "F32", "shape": [16], "data_offsets": [64, 0]}},
        {"../../etc/passwd": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}},
        [],
    ],
)
def test_a_header_that_lies(copy: Path, header: object) -> None:
    text = json.dumps(header).encode()
    (copy / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 64)
    with pytest.raises(InputError, match=r"damaged or no safetensors file|does not fit"):
        load_checkpoint(copy)


def test_weights_of_another_type(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["audio.project.bias"] = weights["audio.project.bias"].to(torch.int64)
    save_file(weights, copy / "model.safetensors")
    with pytest.raises(InputError, match=r"audio\.project\.bias is of torch\.int64"):
        load_checkpoint(copy)


def test_nan_weights(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["audio.project.bias"][0] = torch.nan
    save_file(weights, copy / "model.safetensors")
    with pytest.raises(InputError, match=r"NaN or infinite, the first in audio\.project\.bias"):
        load_checkpoint(copy)
