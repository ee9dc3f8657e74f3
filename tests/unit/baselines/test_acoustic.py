"""Rows of the plain acoustic features against numpy alone."""

import numpy as np
import pytest
import torch

from pase.baselines.acoustic import TRANSFORMS, AcousticFeatures, MelRows, MfccRows, StftRows

SECONDS = 1.0


def noise() -> torch.Tensor:
    return 0.1 * torch.randn(1, int(16_000 * SECONDS), generator=torch.Generator().manual_seed(0))


def spectrum(samples: np.ndarray, centre: int, window: int, size: int) -> np.ndarray:
    padded = np.pad(samples, size)
    hann = np.zeros(size)
    hann[(size - window) // 2 : (size + window) // 2] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    start = centre + size - size // 2
    return np.abs(np.fft.rfft(padded[start : start + size] * hann))


def test_stft_rows_lie_in_the_middle_of_their_frame():
    samples = noise()
    rows = StftRows()(samples)[0].numpy()
    assert rows.shape == (25, 257)
    expected = [
        np.log(np.maximum(spectrum(samples[0].numpy(), 7 * 640 + 128 * k, 512, 512), 1e-2)) for k in range(1, 5)
    ]
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


def test_mfcc_rows_are_a_cosine_transform_of_log_mel_and_its_differences():
    samples = noise()
    transform = MfccRows()
    rows = transform(samples)[0].numpy()
    assert rows.shape == (25, 39)
    bank = transform.mfcc.MelSpectrogram.mel_scale.fb.numpy()
    assert (bank.sum(axis=0) > 0).all(), "no band is empty"
    n, k = np.arange(40), np.arange(13)[:, None]
    cosine = np.cos(np.pi / 40 * (n + 0.5) * k) * np.where(k == 0, np.sqrt(1 / 40), np.sqrt(2 / 40))
    centres = 7 * 640 + 160 * np.arange(-3, 8)
    logs = [np.log(spectrum(samples[0].numpy(), c, 400, 512) ** 2 @ bank + 1e-6) for c in centres]
    cepstrum = np.stack(logs) @ cosine.T
    deltas = sum(m * (np.roll(cepstrum, -m, axis=0) - np.roll(cepstrum, m, axis=0)) for m in (1, 2)) / 10
    expected = np.concatenate([values[[4, 5, 6]].mean(axis=0) for values in (cepstrum, deltas)])
    np.testing.assert_allclose(rows[7, :26], expected, atol=2e-3)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_click_is_felt_most_by_its_own_frame(name):
    features = AcousticFeatures.load(name)
    silent, click = np.zeros(6400, dtype=np.float32), np.zeros(6400, dtype=np.float32)
    click[4 * 640 + 320] = 1
    changed = np.abs(features.rows(click, 10) - features.rows(silent, 10)).sum(axis=1)
    assert changed.argmax() == 4
    assert not changed[[0, 1, 7, 8, 9]].any()
    np.testing.assert_allclose(changed[3], changed[5], rtol=1e-3, atol=1e-4, err_msg="as much before as after it")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_long_sound_gives_the_rows_of_the_whole(name):
    sound = 0.1 * torch.randn(1, 1100 * 640, generator=torch.Generator().manual_seed(1))
    features = AcousticFeatures.load(name)
    whole = features.transform(sound)[0].numpy()
    np.testing.assert_allclose(features.rows(sound[0].numpy(), 1100), whole, atol=1e-4)
