import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pase.errors import InputError
from pase.inference.sound import Sound


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(2_000) * 0.1).astype(np.float32)


def mono(given_samples: object) -> np.ndarray:
    sound = Sound.of(given_samples)
    return sound.mono(0, len(sound))


def test_layouts_and_float_types_are_the_same_sound(samples: np.ndarray) -> None:
    wide = np.repeat(samples, 2)
    for alike in (
        np.stack([samples, samples]),
        samples.astype(np.float64),
        samples.astype(">f4"),
        wide[::2],
        samples[::-1].copy()[::-1],
        np.stack([samples, samples], axis=1).T,
        samples.tolist(),
        torch.from_numpy(samples),
        torch.from_numpy(samples).requires_grad_(),
        torch.from_numpy(wide)[::2],
    ):
        np.testing.assert_array_equal(mono(alike), samples)
    assert mono(torch.from_numpy(samples).bfloat16()) == pytest.approx(samples, abs=2e-3)
    assert mono(samples.astype(np.float16)) == pytest.approx(samples, abs=2e-4)


@pytest.mark.parametrize(
    ("kind", "lowest", "middle", "highest"),
    [
        (np.int16, -(2**15), 0, 2**15 - 1),
        (np.int32, -(2**31), 0, 2**31 - 1),
        (np.uint8, 0, 128, 255),
        (np.uint16, 0, 2**15, 2**16 - 1),
    ],
)
def test_integers_have_their_full_scale(kind: type, lowest: int, middle: int, highest: int) -> None:
    found = mono(np.array([lowest, middle, highest], dtype=kind))
    assert found.tolist() == pytest.approx([-1, 0, 1], abs=0.01)
    assert found.dtype == np.float32


def test_channels_are_averaged() -> None:
    assert mono([[0.0, 0.5, 1.0], [0.0, -0.5, 0.5]]).tolist() == [0, 0, 0.75]
    assert mono(np.array([[0, 2**14], [0, 0]], dtype=np.int16)).tolist() == [0, 0.25]


def test_no_samples_are_no_samples() -> None:
    assert mono(np.zeros(0)).shape == (0,)
    assert mono(np.zeros((2, 0), np.int16)).shape == (0,)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2_000, 2)), r"2000 channels of 2 samples\. Is it \(S, channels\)\? Then give its transpose"),
        (np.zeros((20, 8)), "transpose"),
        (np.zeros((64, 2_000)), "64 channels"),
        (np.zeros((3, 4, 5)), r"not \(3, 4, 5\)"),
        (np.zeros((0, 5)), r"not \(0, 5\)"),
        (np.float32(0), r"not \(\)"),
        (np.zeros(9, bool), "not bool"),
        (np.zeros(9, complex), "not complex128"),
        (np.zeros(9, object), "not object"),
        (np.array(["a"]), "not <U1"),
        (np.zeros(9, np.int64), r"not int64\. What is full scale .* int16"),
        ([[1.0], [1.0, 2.0]], "cannot be read as an array of samples"),
        (torch.zeros(9, device="meta"), "cannot be read as an array of samples"),
        (torch.zeros(9, dtype=torch.complex64), "not complex64"),
        (torch.zeros(9).to_sparse(), "cannot be read as an array of samples"),
    ],
)
def test_what_is_no_sound_is_refused(bad: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sound.of(bad)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_first_bad_sample_is_named(value: float, channels: int) -> None:
    samples = np.zeros((channels, 1_500_000))
    samples[-1, 1_400_000:] = value
    with pytest.raises(InputError, match=r"a\.wav: sample 1400000 is NaN or infinite"):
        Sound.of(samples, "a.wav")


def test_integers_in_disguise_are_refused() -> None:
    with pytest.raises(InputError, match=r"sample 1 is -31000, expected -1 \.\.\. 1"):
        Sound.of(np.array([0.0, -31_000.0]))


@given(
    hnp.arrays(
        st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.complex_number_dtypes(), st.just(np.dtype(bool))),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_array_is_sound_or_a_clear_error(array: np.ndarray) -> None:
    with contextlib.suppress(InputError):
        found = mono(array)
        assert found.dtype == np.float32
        assert found.ndim == 1
        assert np.isfinite(found).all()
