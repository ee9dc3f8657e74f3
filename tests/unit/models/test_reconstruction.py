import torch
from hypothesis import given
from hypothesis import strategies as st

from pase.models.config import ModelConfig, ReconstructionConfig
from pase.models.model import Encoded, PaseModel
from pase.models.reconstruction import Masks, Reconstruction, draw_masks


@given(absence=st.floats(0, 1), ratio=st.floats(0, 0.9), seed=st.integers(0, 1000))
def test_both_modalities_are_never_absent(absence: float, ratio: float, seed: int) -> None:
    torch.manual_seed(seed)
    config = ReconstructionConfig(mask_ratio=ratio, absence=absence)
    masks = draw_masks(64, 40, config, torch.device("cpu"))
    assert not (masks.audio.all(1) & masks.video.all(1)).any()


def test_masks_have_the_stated_shares() -> None:
    torch.manual_seed(0)
    masks = draw_masks(4000, 20, ReconstructionConfig(mask_ratio=0.3, absence=0.2), torch.device("cpu"))
    deaf = masks.audio.all(1) & ~masks.video.any(1)
    assert abs(float(deaf.float().mean()) - 0.1) < 0.02
    usual = ~masks.audio.all(1) & ~masks.video.all(1) & masks.audio.any(1) & masks.video.any(1)
    assert abs(float(masks.audio[usual].float().mean()) - 0.3) < 0.02


def test_masked_steps_are_hidden_from_the_network() -> None:
    torch.manual_seed(0)
    network = Reconstruction(8, 8, 8, ReconstructionConfig(layers=1, heads=2)).eval()
    audio, video = torch.randn(1, 5, 8), torch.randn(1, 5, 8)
    masks = Masks(torch.tensor([[True, False, False, False, False]]), torch.zeros(1, 5, dtype=torch.bool))
    other = audio.clone()
    other[0, 0] += 10
    assert torch.equal(network(audio, video, masks)[0], network(other, video, masks)[0])
    other[0, 1] += 10
    assert not torch.allclose(network(audio, video, masks)[0], network(other, video, masks)[0])


def test_targets_give_no_gradient(tiny_config: ModelConfig) -> None:
    """With every step masked, the encoders' features appear as targets only: no gradient may reach them."""
    model = PaseModel(tiny_config)
    audio = torch.randn(2, 6, 16, requires_grad=True)
    video = torch.randn(2, 6, 16, requires_grad=True)
    everyone = torch.ones(2, dtype=torch.bool)
    encoded = Encoded(audio, video, audio, torch.zeros(2, 6, 257), torch.zeros(2, 6, 256), everyone, everyone)
    everything = ReconstructionConfig(layers=1, heads=2, mask_ratio=1.0, absence=0.0)
    assert model.reconstruction is not None
    model.reconstruction.config = everything
    loss = model.reconstruction_loss(encoded)
    assert float(loss.detach()) > 0
    loss.backward()
    for features in (audio, video):
        assert features.grad is None or not features.grad.any()


def test_input_targets_have_the_sizes_of_the_input() -> None:
    config = ModelConfig(dim=16, reconstruction=ReconstructionConfig(target="input", heads=2))
    model = PaseModel(ModelConfig.from_json(config.to_json()))
    assert model.reconstruction is not None
    assert model.reconstruction.audio_head.out_features == 257
    assert model.reconstruction.video_head.out_features == 256
