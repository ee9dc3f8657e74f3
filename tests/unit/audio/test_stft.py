import numpy as np
import torch
import torch.nn.functional as F

from pase.audio.stft import EDGE, HOP, N_BINS, N_FFT, LogSpectrum


def reference(samples: np.ndarray) -> np.ndarray:
    """Log magnitude by NumPy, window by window."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    frames = [samples[at : at + N_FFT] * window for at in range(0, len(samples) - N_FFT + 1, HOP)]
    return np.log(np.maximum(np.abs(np.fft.rfft(frames)), 1e-2))


def test_equals_an_independent_stft() -> None:
    samples = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    spectra = LogSpectrum()(torch.from_numpy(samples)[None])[0].numpy()
    np.testing.assert_allclose(spectra, reference(samples), atol=1e-3)
    assert spectra.shape[1] == N_BINS


def test_frame_k_is_centred_on_sample_128_k() -> None:
    click = torch.zeros(1, 4000)
    click[0, 10 * HOP] = 1
    loudness = LogSpectrum()(F.pad(click, (EDGE, EDGE)))[0].mean(1)
    assert int(loudness.argmax()) == 10
    assert len(loudness) == 4000 // HOP + 1


def test_silence_is_finite() -> None:
    assert torch.isfinite(LogSpectrum()(torch.zeros(1, 1024))).all()
