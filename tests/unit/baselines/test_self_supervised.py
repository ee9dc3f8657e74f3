"""wav2vec 2.0 and HuBERT as baselines, by networks of their structure that are small."""

import pickle

import numpy as np
import pytest
import torch
import torchaudio
from safetensors.torch import save_file

from pase.baselines.self_supervised import FAMILIES, TIMES, Family, SelfSupervisedFeatures
from pase.errors import InputError

TINY_CONVOLUTIONS = [(16, 10, 5), *[(16, 3, 2)] * 4, *[(16, 2, 2)] * 2]  # kernels and strides of the real ones


def tiny(classes=None):
    return torchaudio.models.wav2vec2_model(
        "layer_norm", TINY_CONVOLUTIONS, False, 24, 0.0, 16, 4, 3, 2, 0.0, 32, 0.0, 0.0, True, 0.0, classes
    )


FAMILY = Family("tiny", tiny, normalised=True)


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    return tiny().state_dict()


@pytest.fixture(scope="module")
def file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(weights, path)
    return path


@pytest.fixture(scope="module")
def features(file):
    return SelfSupervisedFeatures.load(FAMILY, file, None)


def noise(frames, loud=0.01):
    return (loud * np.random.default_rng(0).standard_normal(frames * 640)).astype(np.float32)


@pytest.mark.parametrize("row", [0, 7])
def test_the_time_of_a_row_is_the_middle_of_what_its_convolutions_hear(features, row):
    sound = torch.randn(1, 16000, requires_grad=True)
    features.model.feature_extractor(sound, None)[0][0, row].square().sum().backward()
    heard = sound.grad[0].nonzero()[:, 0]
    assert (heard[0] + heard[-1] + 1) / 2 / 16000 == pytest.approx(TIMES.first + row / TIMES.rate)


@pytest.mark.parametrize("frame", [0, 9, 24])
def test_a_click_is_felt_most_by_its_own_frame(features, frame):
    click = noise(25)
    click[frame * 640 + 280 : frame * 640 + 360] += 0.05
    changed = np.abs(features.rows(click, 25) - features.rows(noise(25), 25)).sum(axis=1)
    assert changed.argmax() == frame


def test_rows_are_interpolated_states_of_the_wanted_layer(features, file, weights):
    sound = noise(25)
    model = tiny().eval()
    model.load_state_dict(weights)
    heard = torch.from_numpy(np.pad((sound - sound.mean()) / sound.std(), (0, 80)).astype(np.float32))[None]
    with torch.inference_mode():
        layers, output = model.extract_features(heard)[0], model(heard)[0]
    for layer, states in ((None, output), (1, layers[0]), (3, layers[2])):
        rows = SelfSupervisedFeatures.load(FAMILY, file, layer).rows(sound, 25)
        np.testing.assert_allclose(rows, 0.625 * states[0, :50:2] + 0.375 * states[0, 1:50:2], atol=1e-3)


def test_one_frame_is_enough(features):
    assert features.rows(noise(1), 1).shape == (1, 24)


def test_loudness_does_not_matter_where_sound_is_normalised(features):
    np.testing.assert_allclose(features.rows(noise(20), 20), features.rows(noise(20, 0.1), 20), atol=1e-2)


def test_long_sound_is_heard_in_chunks_of_the_same_loudness(features):
    sound = noise(900)
    sound[: 450 * 640] *= 0.1
    rows = features.rows(sound, 900)
    assert rows.shape == (900, 24)
    assert np.isfinite(rows).all()
    levels = np.abs(np.diff(rows, axis=0)).sum(axis=1)
    assert levels[[399, 799]].max() < levels.max(), "no seam stands out"


@pytest.mark.parametrize("suffix", ["pt", "pth"])
def test_weights_written_by_torch_with_a_head_in_the_names_of_older_versions(features, weights, tmp_path, suffix):
    place = "encoder.transformer.pos_conv_embed.conv."
    old = {
        name.replace(f"{place}parametrizations.weight.original0", f"{place}weight_g").replace(
            f"{place}parametrizations.weight.original1", f"{place}weight_v"
        ): value
        for name, value in weights.items()
    }
    assert f"{place}weight_g" in old
    torch.save({**old, "aux.weight": torch.zeros(5, 24), "aux.bias": torch.zeros(5)}, tmp_path / f"w.{suffix}")
    loaded = SelfSupervisedFeatures.load(FAMILY, tmp_path / f"w.{suffix}", None)
    np.testing.assert_allclose(loaded.rows(noise(9), 9), features.rows(noise(9), 9), atol=1e-6)


class Harm:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of the file was run')",)


def test_bad_weights_are_refused(weights, tmp_path):
    def refuse(name, match):
        with pytest.raises(InputError, match=match) as caught:
            SelfSupervisedFeatures.load(FAMILY, tmp_path / name, None)
        assert name in str(caught.value)

    refuse("absent.pt", "does not exist")
    for name in ("noise.pt", "noise.safetensors"):
        (tmp_path / name).write_bytes(b"no weights at all")
        refuse(name, "cannot be read")
    (tmp_path / "empty.pt").write_bytes(b"")
    refuse("empty.pt", "cannot be read")
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(Harm()))
    refuse("pickle.pt", "cannot be read")
    torch.save(Harm(), tmp_path / "code.pt")
    refuse("code.pt", "cannot be read")
    torch.save(weights, tmp_path / "half.pt")
    (tmp_path / "half.pt").write_bytes((tmp_path / "half.pt").read_bytes()[:5000])
    refuse("half.pt", "cannot be read")
    torch.save({"model": weights, "step": 3}, tmp_path / "nested.pt")
    refuse("nested.pt", "no state dict")
    torch.save([1, 2], tmp_path / "list.pt")
    refuse("list.pt", "no state dict")
    torch.save({f"wav2vec2.{name}": value for name, value in weights.items()}, tmp_path / "foreign.pt")
    refuse("foreign.pt", r"lacks .* and \d+ more.*holds unknown wav2vec2\.")
    first = "encoder.transformer.layer_norm.weight"
    torch.save({**weights, first: torch.zeros(7)}, tmp_path / "size.pt")
    refuse("size.pt", "another size.*layer_norm")


@pytest.mark.parametrize("layer", [0, 4])
def test_layers_that_are_not_there_are_refused(file, layer):
    with pytest.raises(InputError, match=r"layers 1 \.\.\. 3"):
        SelfSupervisedFeatures.load(FAMILY, file, layer)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_real_sizes_have_the_convolutions_that_the_times_rest_on(name):
    with torch.device("meta"):
        layers = FAMILIES[name].build().feature_extractor.conv_layers
    assert [(layer.kernel_size, layer.stride) for layer in layers] == [shape[1:] for shape in TINY_CONVOLUTIONS]
