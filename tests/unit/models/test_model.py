import numpy as np
import torch

from pase.models.model import BOUND, FeatureScale, PaseModel


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
