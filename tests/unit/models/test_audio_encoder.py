import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.audio.mel import mel_filters
from pase.audio.stft import EDGE, HOP
from pase.models.audio_encoder import AudioEncoder, at_frames
from pase.models.config import AudioConfig

KINDS = {
    "gru": AudioConfig(hidden=16, layers=2, delay=5, stride=1),
    "strided gru": AudioConfig(hidden=16, layers=1, stride=2, delay=3),
    "cnn": AudioConfig(kind="cnn", hidden=32, layers=1, delay=4, stride=1),
    "strided mel cnn": AudioConfig(front="mel", kind="cnn", hidden=32, layers=1, stride=3, delay=2),
}


@pytest.fixture(params=KINDS)
def encoder(request: pytest.FixtureRequest) -> AudioEncoder:
    torch.manual_seed(0)
    return AudioEncoder(8, KINDS[request.param]).eval()


def test_one_state_every_step(encoder: AudioEncoder) -> None:
    heard = encoder(torch.randn(2, 16_000))
    assert heard.states.shape == (2, 16_000 // encoder.step_samples + 1, 8)
    assert heard.spectra.shape == (2, 126, encoder.front.bins)
    assert encoder.rate * encoder.step_samples == 16_000


def test_look_ahead_is_exact(encoder: AudioEncoder) -> None:
    """What comes later than the stated look-ahead changes nothing; what comes just before it does."""
    sound = torch.randn(1, 16_000)
    state = 20
    # Without the interpolation to the next state.
    reach = (state - 1) * encoder.step_samples + round(encoder.look_ahead * 16_000)
    later, earlier = sound.clone(), sound.clone()
    later[:, reach:] = 0
    earlier[:, reach - HOP :] = 0
    with torch.no_grad():
        original = encoder(sound).states[0, state]
        assert torch.equal(encoder(later).states[0, state], original)
        assert not torch.allclose(encoder(earlier).states[0, state], original)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_steps_give_what_the_whole_gives(encoder: AudioEncoder, cuts: list[int]) -> None:
    """However a recording is cut into pieces of whole steps."""
    step, window = encoder.step_samples, encoder.window_samples
    sound = torch.randn(1, sum(cuts) * step)
    padded = F.pad(sound, (EDGE, encoder.tail_samples))
    with torch.no_grad():
        state, outputs, first = encoder.initial(), [], 0
        for cut in [*cuts, encoder.delay + 1]:
            piece, state = encoder.step(padded[:, first : first + window + (cut - 1) * step], state)
            outputs.append(piece)
            first += cut * step
        whole = encoder(sound).states
    torch.testing.assert_close(torch.cat(outputs, dim=1)[:, encoder.delay :], whole, atol=1e-5, rtol=0)


def test_frames_are_sampled_at_their_middles() -> None:
    ramp = torch.arange(60.0).view(1, 60, 1)
    frames = at_frames(ramp, first=2, frames=4, rate=125)
    assert frames.flatten().tolist() == [12.5, 17.5, 22.5, 27.5]  # 20 ms + 40 ms i, in states of 8 ms


def test_frames_beyond_the_states_are_refused() -> None:
    with pytest.raises(ValueError, match="do not reach frame 9"):
        at_frames(torch.zeros(1, 48, 1), first=0, frames=10, rate=125)


def test_frames_at_another_rate_lie_between_their_neighbours() -> None:
    ramp = torch.arange(40.0).view(1, 40, 1)
    frames = at_frames(ramp, first=1, frames=2, rate=62.5)
    assert frames.flatten().tolist() == [3.75, 6.25]  # 60 and 100 ms, in states of 16 ms


def test_every_mel_band_hears_something() -> None:
    filters = mel_filters()
    assert filters.shape == (257, 80)
    assert (filters > 0).any(0).all()
    centres = (filters * torch.arange(257.0)[:, None]).sum(0)
    assert (centres.diff() > 0).all()
