"""Rows of the plain acoustic features against numpy alone."""

import numpy as np
import torch

from pase.evaluation.acoustic import MelRows, StftRows

SECONDS = 1.0


def noise() -> torch.Tensor:
    return 0.1 * torch.randn(1, int(16_000 * SECONDS), generator=torch.Generator().manual_seed(0))


def spectrum(samples: np.ndarray, centre: int, window: int, size: int) -> np.ndarray:
    padded = np.pad(samples, size)
    hann = np.zeros(size)
    hann[(size - window) // 2 : (size + window) // 2] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    start = centre + size - size // 2
    return np.abs(np.fft.rfft(padded[start : start + size] * hann))


def test_stft_rows_are_the_mean_of_five_log_spectra():
    samples = noise()
    rows = StftRows()(samples)[0].numpy()
    assert rows.shape == (25, 257)
    expected = [np.log(np.maximum(spectrum(samples[0].numpy(), 7 * 640 + 128 * k, 512, 512), 1e-2)) for k in range(5)]
    np.testing.assert_allclose(rows[7], np.mean(expected, axis=0), atol=2e-4)


def test_mel_rows_lie_in_the_middle_of_their_frame():
    samples = noise()
    transform = MelRows()
    rows = transform(samples)[0].numpy()
    assert rows.shape == (25, 80)
    bank = transform.mel.mel_scale.fb.numpy()
    assert (bank.sum(axis=0) > 0).all(), "no band is empty"
    power = [spectrum(samples[0].numpy(), 7 * 640 + 160 * k, 400, 1024) ** 2 for k in (1, 2, 3)]
    np.testing.assert_allclose(rows[7], np.mean([np.log(np.maximum(p @ bank, 1e-6)) for p in power], axis=0), atol=2e-3)


def test_a_click_shows_in_its_own_frame_only():
    for transform in (StftRows(), MelRows()):
        silent, click = torch.zeros(1, 6400), torch.zeros(1, 6400)
        click[0, 4 * 640 + 320] = 1
        changed = (transform(click) - transform(silent)).abs().sum(-1)[0]
        assert int(changed.argmax()) == 4
        assert changed[[0, 1, 2, 6, 7, 8, 9]].max() == 0
