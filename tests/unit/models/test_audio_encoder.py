import pytest
import torch

from pase.audio.stft import HOP
from pase.models.audio_encoder import AudioEncoder, at_frames
from pase.models.config import AudioConfig


@pytest.fixture
def encoder() -> AudioEncoder:
    torch.manual_seed(0)
    return AudioEncoder(8, AudioConfig(hidden=16, layers=2, delay=5)).eval()


def test_one_state_every_128_samples(encoder: AudioEncoder) -> None:
    heard = encoder(torch.randn(2, 16_000))
    assert heard.states.shape == (2, 126, 8)
    assert heard.spectra.shape == (2, 126, 257)


def test_look_ahead_is_exact(encoder: AudioEncoder) -> None:
    """What comes later than the stated look-ahead changes nothing; what comes just before it does."""
    sound = torch.randn(1, 16_000)
    state = 40
    reach = state * HOP + round(encoder.look_ahead * 16_000) - HOP  # without the interpolation to the next state
    later, earlier = sound.clone(), sound.clone()
    later[:, reach:] = 0
    earlier[:, reach - HOP :] = 0
    with torch.no_grad():
        original = encoder(sound).states[0, state]
        assert torch.equal(encoder(later).states[0, state], original)
        assert not torch.allclose(encoder(earlier).states[0, state], original)


def test_frames_are_sampled_at_their_middles() -> None:
    ramp = torch.arange(60.0).view(1, 60, 1)
    frames = at_frames(ramp, first=2, frames=4)
    assert frames.flatten().tolist() == [12.5, 17.5, 22.5, 27.5]  # 20 ms + 40 ms i, in states of 8 ms


def test_frames_beyond_the_states_are_refused() -> None:
    with pytest.raises(ValueError, match="do not reach frame 9"):
        at_frames(torch.zeros(1, 48, 1), first=0, frames=10)
