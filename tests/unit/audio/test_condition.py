import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.audio.condition import STANDARD_CONDITIONS, Condition, degrade
from pase.audio.noise import NOISE_KINDS, NoiseKind
from pase.audio.waveform import Waveform
from pase.errors import InputError


def speech(seed: int, samples: int = 16_000) -> Waveform:
    """Noise in syllables, with a pause before and after."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / 16_000
    syllables = np.clip(np.sin(2 * np.pi * 4 * time + seed), 0, 1) * (time > 0.2) * (time < 0.8)
    return (0.1 * syllables * rng.standard_normal(samples)).astype(np.float32)


OTHERS = [speech(seed, 8_000 + 5_000 * seed) for seed in range(1, 5)]


def active_power(waveform: Waveform) -> float:
    """Over the frames of 20 ms within 30 dB of the loudest, written apart from the code that is tested."""
    power = (waveform[: len(waveform) // 320 * 320].reshape(-1, 320).astype(np.float64) ** 2).mean(1)
    return float(power[power > power.max() / 1000].mean())


def test_names_tell_the_conditions_apart() -> None:
    names = [condition.name for condition in STANDARD_CONDITIONS]
    assert names[0] == "clean"
    assert len(set(names)) == len(names)
    assert Condition(5, "babble").name == "babble 5 dB"
    assert Condition(rt60=0.6).name == "reverberant 0.6 s"


@pytest.mark.parametrize(
    "wrong",
    [{"noise": "babble"}, {"snr_db": 5.0, "noise": "rain"}, {"snr_db": float("nan")}, {"rt60": 0.0}, {"rt60": 60.0}],
)
def test_a_condition_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Condition(**wrong)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.floats(-10, 30), st.sampled_from(NOISE_KINDS), st.integers(0, 1000))
def test_the_ratio_is_reached(snr: float, kind: NoiseKind, seed: int) -> None:
    clip = speech(seed)
    noise = degrade(clip * 0.1, Condition(snr, kind), seed, OTHERS).astype(np.float64) - clip * 0.1
    assert 10 * np.log10(active_power(clip * 0.1) / np.mean(noise**2)) == pytest.approx(snr, abs=0.1)


@pytest.mark.parametrize("condition", STANDARD_CONDITIONS, ids=lambda condition: condition.name)
def test_a_seed_gives_the_same_bytes_and_another_seed_other_noise(condition: Condition) -> None:
    clip = speech(7)
    first = degrade(clip, condition, 1, OTHERS)
    assert first.tobytes() == degrade(clip.copy(), condition, 1, OTHERS).tobytes()
    assert first.dtype == np.float32
    assert first.shape == clip.shape
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= 1
    if condition != Condition():
        assert not np.array_equal(first, degrade(clip, condition, 2, OTHERS))


def test_noise_stays_the_same_over_a_sweep() -> None:
    clip = speech(3) * 0.1
    loud = degrade(clip, Condition(0), 5, OTHERS) - clip
    quiet = degrade(clip, Condition(10), 5, OTHERS) - clip
    np.testing.assert_allclose(loud, quiet * 10**0.5, atol=1e-4)


def test_all_kinds_are_dealt_out() -> None:
    clips = [speech(seed) * 0.1 for seed in range(40)]
    dealt = {
        kind
        for clip in clips
        for kind in NOISE_KINDS
        if np.array_equal(degrade(clip, Condition(5), 0, OTHERS), degrade(clip, Condition(5, kind), 0, OTHERS))
    }
    assert dealt == set(NOISE_KINDS)


@pytest.mark.parametrize("condition", [*STANDARD_CONDITIONS, Condition(0, "babble", 1.0)], ids=lambda one: one.name)
def test_nothing_moves_in_time(condition: Condition) -> None:
    clip = speech(9)
    heard = degrade(clip, condition, 0, OTHERS)
    assert int(np.correlate(heard, clip, "full").argmax()) == len(clip) - 1


@pytest.mark.parametrize("samples", [0, 1, 319, 1000])
@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0])
def test_short_silent_and_loud_clips_stay_finite(samples: int, level: float) -> None:
    clip = np.full(samples, level, np.float32)
    for condition in STANDARD_CONDITIONS:
        heard = degrade(clip, condition, 0, OTHERS)
        assert heard.shape == clip.shape
        assert np.isfinite(heard).all()


def test_silence_stays_silent() -> None:
    for kind in NOISE_KINDS:
        assert not degrade(np.zeros(4000, np.float32), Condition(0, kind, 0.5), 0, OTHERS).any()


def test_a_clip_without_others_is_heard_in_other_noise_than_babble() -> None:
    for seed in range(20):
        assert not np.array_equal(degrade(speech(1), Condition(5), seed, [np.zeros(0, np.float32)]), speech(1))


def test_babble_without_others_and_broken_samples_are_refused() -> None:
    with pytest.raises(InputError, match="babble"):
        degrade(speech(1), Condition(0, "babble"), 0, [])
    with pytest.raises(InputError, match="NaN"):
        degrade(np.array([0, np.nan], np.float32), Condition(0), 0, OTHERS)
