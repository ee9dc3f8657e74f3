import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from pase.audio.augmentation import SpectrumAugment, SpectrumAugmentConfig, _smoothing, _stretched
from pase.audio.stft import LogSpectrum
from pase.errors import InputError


@pytest.fixture
def spectra() -> torch.Tensor:
    time = torch.arange(16_000) / 16_000
    voice = sum(torch.sin(2 * torch.pi * 150 * k * time) / k for k in range(1, 20))
    return LogSpectrum()(torch.stack([voice * 0.1, voice * 0.3]))


def test_evaluation_mode_changes_nothing(spectra: torch.Tensor) -> None:
    augment = SpectrumAugment(SpectrumAugmentConfig()).eval()
    assert torch.equal(augment(spectra), spectra)


def test_training_mode_changes_clips_differently_and_stays_finite(spectra: torch.Tensor) -> None:
    torch.manual_seed(0)
    changed = SpectrumAugment(SpectrumAugmentConfig(probability=1.0)).train()(spectra)
    assert changed.shape == spectra.shape
    assert torch.isfinite(changed).all()
    difference = changed - spectra
    assert difference.abs().mean() > 0.1
    assert not torch.allclose(difference[0], difference[1])


def test_the_same_seed_draws_the_same(spectra: torch.Tensor) -> None:
    augment = SpectrumAugment(SpectrumAugmentConfig()).train()
    torch.manual_seed(3)
    first = augment(spectra)
    torch.manual_seed(3)
    assert torch.equal(augment(spectra), first)


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
def test_stretching_moves_a_peak_by_the_factor(factor: float) -> None:
    spectrum = torch.zeros(1, 1, 257)
    spectrum[0, 0, 99:102] = torch.tensor([0.5, 1.0, 0.5])
    moved = spectrum @ _stretched(torch.eye(257), torch.full((1, 1, 1), factor))
    assert abs(int(moved.argmax()) - 100 * factor) <= 1


def test_stretching_by_one_is_the_identity(spectra: torch.Tensor) -> None:
    np.testing.assert_allclose(spectra @ _stretched(torch.eye(257), torch.ones(2, 1, 1)), spectra, atol=1e-5)


def test_an_envelope_is_a_gaussian_mean_over_frequency_with_repeated_ends(spectra: torch.Tensor) -> None:
    wanted = gaussian_filter1d(spectra.double().numpy(), sigma=4.0, mode="nearest", radius=12)
    np.testing.assert_allclose(spectra @ _smoothing(257), wanted, atol=1e-4)


def test_a_generator_gives_the_same_and_leaves_the_global_numbers_alone(spectra: torch.Tensor) -> None:
    augment = SpectrumAugment(SpectrumAugmentConfig(probability=1.0)).train()
    before = torch.get_rng_state()
    first = augment(spectra, torch.Generator().manual_seed(1))
    assert torch.equal(augment(spectra, torch.Generator().manual_seed(1)), first)
    assert not torch.equal(augment(spectra, torch.Generator().manual_seed(2)), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_response_is_the_same_in_all_frames(spectra: torch.Tensor) -> None:
    config = SpectrumAugmentConfig(1.0, formants=1.0, pitch=1.0, tilt_db=8.0, band_masks=0)
    augment = SpectrumAugment(config).train()
    silence = torch.zeros_like(spectra)  # no harmonics, which voicing would change
    changed = augment(silence, torch.Generator().manual_seed(1))
    assert changed.std(dim=2).min() > 0.01
    assert torch.equal(changed, changed[:, :1].expand_as(changed))


@pytest.mark.parametrize(
    "wrong", [{"probability": 2.0}, {"formants": 0.5}, {"pitch": float("nan")}, {"tilt_db": -1.0}, {"band_masks": -1}]
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        SpectrumAugmentConfig(**wrong)  # type: ignore[arg-type]
