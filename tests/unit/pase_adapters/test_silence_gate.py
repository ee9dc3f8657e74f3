import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pase_adapters.gate import SilenceGate

RATE = 16_000


def speech(seconds: float, level: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise that rises and falls four times a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (level * noise * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))).astype(np.float32)


def room(seconds: float, level: float) -> NDArray[np.float32]:
    return (level * np.random.default_rng(9).standard_normal(round(seconds * RATE))).astype(np.float32)


def recording(level: float, floor: float) -> NDArray[np.float32]:
    """Speech from 1 to 3 s and from 5 to 6 s of 7 s."""
    whole = room(7, floor)
    whole[RATE : 3 * RATE] += speech(2, level)
    whole[5 * RATE : 6 * RATE] += speech(1, level)
    return whole


@pytest.mark.parametrize("gain", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("floor", [0.0, 1e-4, 3e-3])
def test_speech_is_open_and_pauses_are_shut_at_any_level(gain: float, floor: float) -> None:
    gate = SilenceGate.listen([np.clip(gain * recording(0.05, floor), -1, 1)])
    times = np.arange(0, 7, 0.01)
    factors = gate.at(times)
    spoken = ((times > 1) & (times < 3)) | ((times > 5) & (times < 6))
    np.testing.assert_array_equal(factors[spoken], 1)
    assert not factors[(times < 0.6) | ((times > 3.4) & (times < 4.6)) | (times > 6.4)].any()
    assert gate.closed == pytest.approx(2.7 / 7, abs=0.1)


def test_the_way_down_has_no_step() -> None:
    factors = SilenceGate.listen([recording(0.05, 1e-4)]).at(np.arange(0, 7, 0.001))
    assert np.abs(np.diff(factors)).max() < 0.02


def test_closures_of_stops_stay_open() -> None:
    """120 ms without any sound within speech."""
    sound = np.concatenate([speech(1, 0.1), np.zeros(round(0.12 * RATE), np.float32), speech(1, 0.1, 1), room(2, 1e-5)])
    np.testing.assert_array_equal(SilenceGate.listen([sound]).at(np.arange(0.1, 2.1, 0.01)), 1)


@pytest.mark.parametrize("sound", [speech(4, 0.1), recording(0.05, 0.05)], ids=["no pause", "loud noise"])
def test_where_no_pause_can_be_told_nothing_is_lost(sound: NDArray[np.float32]) -> None:
    assert SilenceGate.listen([sound]).closed < 0.02


@pytest.mark.parametrize("blocks", [[], [np.zeros(100, np.float32)]])
def test_too_little_sound_is_left_open(blocks: list[NDArray[np.float32]]) -> None:
    np.testing.assert_array_equal(SilenceGate.listen(blocks).at(np.array([0.0, 1.0])), 1)


def test_digital_silence_is_shut() -> None:
    assert SilenceGate.listen([np.zeros(RATE, np.float32)]).closed == 1


PAUSES = recording(0.05, 1e-3)


@given(cuts=st.lists(st.integers(0, len(PAUSES)), max_size=6))
@settings(deadline=None)  # a busy machine is no error
def test_any_cutting_gives_the_same(cuts: list[int]) -> None:
    sound = PAUSES
    pieces = np.split(sound, sorted(cuts))
    np.testing.assert_allclose(SilenceGate.listen(pieces).factors, SilenceGate.listen([sound]).factors, atol=1e-6)
