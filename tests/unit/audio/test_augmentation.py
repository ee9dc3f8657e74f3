import numpy as np
import pytest
import torch

from pase.audio.augmentation import SpectrumAugment, SpectrumAugmentConfig, _stretch
from pase.audio.stft import LogSpectrum


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
    moved = _stretch(spectrum, torch.full((1, 1, 1), factor))
    assert abs(int(moved.argmax()) - 100 * factor) <= 1


def test_stretching_by_one_is_the_identity(spectra: torch.Tensor) -> None:
    np.testing.assert_allclose(_stretch(spectra, torch.ones(2, 1, 1)), spectra, atol=1e-5)


def test_gain_alone_is_an_offset(spectra: torch.Tensor) -> None:
    config = SpectrumAugmentConfig(1.0, formants=1.0, pitch=1.0, tilt_db=0.0, noise=0.0, band_masks=0)
    torch.manual_seed(1)
    augment = SpectrumAugment(config).train()
    offset = augment._response(spectra)
    assert torch.allclose(offset, offset[..., :1].expand_as(offset))
    assert offset.abs().max() <= config.gain_db * np.log(10) / 20 + 1e-6
