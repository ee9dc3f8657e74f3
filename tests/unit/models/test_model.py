import numpy as np
import pytest
import torch

from pase.errors import InputError
from pase.models.features import BOUND, FeatureScale
from pase.models.model import PaseModel


def test_silence_lies_at_zero_with_unit_variance() -> None:
    torch.manual_seed(0)
    states = torch.randn(500, 16) + 0.5
    silent = torch.arange(500) < 50
    states[silent] = 2.0 + 0.01 * torch.randn(50, 16)
    scale = FeatureScale(16)
    scale.fit(states, silent)
    features = scale(states)
    assert features[silent].mean(0).abs().max() < 1e-4
    assert torch.allclose(features.square().mean(0), torch.ones(16), atol=1e-3)


def test_narrow_features_are_the_first_of_wider_ones() -> None:
    torch.manual_seed(0)
    states = torch.randn(800, 4) @ torch.randn(4, 16) + 0.05 * torch.randn(800, 16)
    silent = torch.arange(800) < 40
    scale = FeatureScale(16)
    scale.fit(states, silent)
    whole, narrow = scale(states, 16), scale(states, 4)
    torch.testing.assert_close(whole[:, :4], narrow)
    assert torch.allclose(narrow.square().mean(0), torch.ones(4), atol=1e-3)
    assert narrow[silent].mean(0).abs().max() < 1e-4
    # Four sources made the states (on a sphere five directions are left): so few features tell the others.
    rebuilt = narrow @ torch.linalg.lstsq(narrow, scale(states)).solution
    assert (rebuilt - scale(states)).square().mean() < 0.3


@pytest.mark.parametrize("width", [0, 17])
def test_features_wider_than_the_encoder_are_refused(width: int) -> None:
    with pytest.raises(InputError, match="gives 1"):
        FeatureScale(16)(torch.randn(2, 16), width)


def test_features_are_bounded_whatever_the_states() -> None:
    scale = FeatureScale(16)
    scale.fit(torch.randn(100, 16), torch.zeros(100, dtype=torch.bool))
    wild = torch.randn(50, 16) * 1e6
    wild[0] = 0
    features = scale(wild)
    assert torch.isfinite(features).all()
    assert features.abs().max() <= BOUND


def test_similarity_of_shifted_video_by_hand(tiny_model: PaseModel) -> None:
    audio, video = torch.randn(2, 9, 16)
    similarity = tiny_model.sync_similarity(audio, video, range(-3, 4)).numpy()
    assert similarity.shape == (9, 7)
    query = tiny_model.alignment.query(audio[None], None)
    with torch.no_grad():
        fused = tiny_model.alignment.fuse(query, tiny_model.alignment.windows(video[None]))[0]
    np.testing.assert_allclose(similarity[:, 3], torch.cosine_similarity(audio, fused, dim=-1), atol=1e-6)
    for column, shift in enumerate(range(-3, 4)):
        inside = [0 <= i + shift < 9 for i in range(9)]
        np.testing.assert_array_equal(np.isfinite(similarity[:, column]), inside)


def test_windows_agree_with_the_whole_clip(tiny_model: PaseModel) -> None:
    """A window with context gives what the whole clip gives, once the GRU has forgotten its start."""
    waveform = torch.randn(1, 80 * 640) * 0.1
    lips = torch.rand(1, 80, 3, 48, 48)
    with torch.no_grad():
        whole = tiny_model.audio(waveform).states
        start, context, frames = 40, 16, 8
        window = tiny_model(
            waveform[:, (start - context) * 640 : (start + frames + 4) * 640],
            lips[:, start - 2 : start + frames + 2],
            None,
            context,
        )
        left, right = whole[0, 5 * start + 2 :: 5], whole[0, 5 * start + 3 :: 5]
    np.testing.assert_allclose(window.audio[0], ((left[:frames] + right[:frames]) / 2), atol=2e-3)


def test_clips_without_sound_or_face_change_nothing_of_the_others(tiny_model: PaseModel) -> None:
    waveform, lips = torch.randn(3, 16 * 640) * 0.1, torch.rand(3, 12, 3, 48, 48)
    heard, seen = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    with torch.no_grad():
        mixed = tiny_model(waveform, lips[seen], None, 4, heard, seen)
        whole = tiny_model(waveform, lips, None, 4)
    np.testing.assert_allclose(mixed.audio[heard], whole.audio[heard], atol=1e-5)
    np.testing.assert_allclose(mixed.video[seen], whole.video[seen], atol=1e-5)
    assert not mixed.audio[1].any()
    assert not mixed.video[2].any()


def test_reconstruction_asks_nothing_of_what_is_absent(tiny_model: PaseModel) -> None:
    waveform, lips = torch.randn(2, 16 * 640) * 0.1, torch.rand(2, 12, 3, 48, 48)
    nothing = torch.zeros(2, dtype=torch.bool)
    tiny_model.train()
    encoded = tiny_model(waveform, lips[:0], None, 4, ~nothing, nothing)
    loss = tiny_model.reconstruction_loss(encoded)
    loss.backward()
    assert torch.isfinite(loss)
    assert tiny_model.reconstruction is not None
    head = tiny_model.reconstruction.video_head.weight.grad
    assert head is None or not head.any()
