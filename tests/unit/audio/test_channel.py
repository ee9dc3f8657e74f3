import numpy as np
import pytest
import torch
from torch import Tensor

from pase.audio.channel import band_limit, clip_peaks, drop_sound, mu_law, transform_codec
from pase.audio.reverberation import reverberate, room_responses


def burst(samples: int = 8_000, clips: int = 2) -> Tensor:
    """Broadband noise under a bell, with silence around it."""
    generator = torch.Generator().manual_seed(5)
    bell = torch.exp(-(((torch.arange(samples) - samples / 2) / 800) ** 2))
    return 0.2 * bell * torch.randn(clips, samples, generator=generator)


def level_db(waveform: Tensor, hertz: float) -> float:
    """Energy within 100 Hz around a frequency, in dB."""
    spectrum = torch.fft.rfft(waveform[0]).abs().square()
    frequency = torch.linspace(0, 8000, len(spectrum))
    return float(10 * torch.log10(spectrum[(frequency - hertz).abs() < 100].sum() + 1e-12))


def lag(heard: Tensor, clean: Tensor) -> int:
    return int(np.correlate(heard[0].numpy(), clean[0].numpy(), "full").argmax()) - (clean.shape[1] - 1)


def test_a_telephone_keeps_its_band_and_nothing_else() -> None:
    clean = burst()
    heard = band_limit(clean, torch.full((2,), 300.0), torch.full((2,), 3400.0))
    for hertz in (600, 1500, 2900):
        assert level_db(heard, hertz) == pytest.approx(level_db(clean, hertz), abs=0.1)
    for hertz in (100, 4000, 7000):
        assert level_db(heard, hertz) < level_db(clean, hertz) - 30


def test_each_clip_has_its_own_band_and_the_whole_band_is_the_identity() -> None:
    clean = burst()
    heard = band_limit(clean, torch.zeros(2), torch.tensor([8000.0, 2000.0]))
    torch.testing.assert_close(heard[0], clean[0], atol=1e-5, rtol=0)
    assert level_db(heard[1:], 4000) < level_db(clean[1:], 4000) - 30


@pytest.mark.parametrize("coarseness", [0.5, 2.0])
def test_channels_move_nothing_in_time(coarseness: float) -> None:
    clean = burst()
    assert lag(band_limit(clean, torch.full((2,), 300.0), torch.full((2,), 3400.0)), clean) == 0
    assert lag(mu_law(clean), clean) == 0
    assert lag(transform_codec(clean, torch.full((2,), coarseness)), clean) == 0
    assert lag(clip_peaks(clean, torch.full((2,), 0.1)), clean) == 0


@pytest.mark.parametrize("rt60", [0.2, 1.0])
@pytest.mark.parametrize("direct_db", [-3.0, 9.0])
def test_a_room_moves_nothing_in_time_and_keeps_the_level(rt60: float, direct_db: float) -> None:
    clean = burst(16_000)
    responses = room_responses(torch.full((2,), rt60), torch.full((2,), direct_db), torch.Generator().manual_seed(2))
    assert lag(reverberate(clean, responses), clean) == 0
    assert (responses.abs().argmax(1) == 0).all()
    assert 10 * torch.log10(responses[:, 1:].square().sum(1)) == pytest.approx([-direct_db] * 2, abs=0.01)


def test_the_tail_falls_by_60_db_in_the_reverberation_time() -> None:
    responses = room_responses(torch.full((64,), 0.5), torch.zeros(64), torch.Generator().manual_seed(0))
    power = responses.square().mean(0)[1600:].view(-1, 320).mean(1)  # 20 ms each, after the early reflections
    fall = np.polyfit(np.arange(len(power)) * 0.02, 10 * np.log10(power.numpy()), 1)[0]
    assert fall == pytest.approx(-60 / 0.5, rel=0.05)


def test_a_coarser_codec_is_farther_from_the_clean_sound() -> None:
    clean = burst().repeat(2, 1)[:3]
    error = (transform_codec(clean, torch.tensor([0.01, 0.5, 2.0])) - clean).square().mean(1) / clean.square().mean(1)
    assert error[0] < 1e-3 < error[1] < error[2] < 1


def test_mu_law_has_256_values() -> None:
    heard = mu_law(torch.linspace(-1.5, 1.5, 4000))
    assert 200 < len(heard.unique()) <= 256
    assert heard.abs().max() <= 1


def test_peaks_are_cut_at_a_share_of_the_highest_one() -> None:
    clean = burst()
    heard = clip_peaks(clean, torch.tensor([0.5, 1.0]))
    assert heard[0].abs().max() == pytest.approx(float(clean[0].abs().max()) / 2)
    assert torch.equal(heard[1], clean[1])


def test_dropped_stretches_have_the_length_asked_for() -> None:
    heard = drop_sound(torch.ones(64, 16_000), (0.05, 0.05), 1, torch.Generator().manual_seed(0))
    lost = (heard == 0).sum(1)
    assert (lost <= 800).all()
    assert (lost >= 799).sum() > 50  # the others reach beyond the end
    assert (heard == 0).float().mean(0)[:15_000].std() < 0.05  # no preferred place


@pytest.mark.parametrize("samples", [1, 2, 255, 1000])
@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0])
def test_short_and_silent_clips_stay_finite(samples: int, level: float) -> None:
    clips = torch.full((2, samples), level)
    responses = room_responses(torch.full((2,), 0.3), torch.zeros(2), None)
    heard = [
        band_limit(clips, torch.full((2,), 300.0), torch.full((2,), 3400.0)),
        mu_law(clips),
        transform_codec(clips, torch.ones(2)),
        clip_peaks(clips, torch.full((2,), 0.3)),
        drop_sound(clips, (0.02, 0.2), 3, None),
        reverberate(clips, responses),
    ]
    assert all(one.shape == clips.shape and torch.isfinite(one).all() for one in heard)
