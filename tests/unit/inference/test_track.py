import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.inference.track import FeatureTrack


def ramp(count: int = 126, duration: float = 1.0) -> FeatureTrack:
    """State k is k: what is sampled at t must be 125 t."""
    return FeatureTrack(np.arange(count, dtype=np.float32)[:, None], 125.0, duration)


@given(times=st.lists(st.floats(0, 0.999), min_size=1, max_size=20))
def test_sampling_is_linear(times: list[float]) -> None:
    np.testing.assert_allclose(ramp().at(times)[:, 0], 125 * np.array(times), atol=1e-3)


def test_outside_is_zero_edge_or_an_error() -> None:
    track = FeatureTrack(np.full((126, 2), 3.0, np.float32), 125.0, 1.0)
    assert track.at([-0.1, 0.5, 1.0]).tolist() == [[0, 0], [3, 3], [0, 0]]
    assert track.at([-0.1, 0.5, 1.0], outside="edge").tolist() == [[3, 3]] * 3
    with pytest.raises(InputError, match=r"2 of 3 times lie outside .* the first at -0\.100 s"):
        track.at([-0.1, 0.5, 1.0], outside="raise")


@pytest.mark.parametrize(("rate", "rows"), [(25, 25), (29.97, 30), (30, 30), (50, 50)])
def test_rows_are_sampled_at_their_middles(rate: float, rows: int) -> None:
    values = ramp().at_rate(rate)
    assert values.shape == (rows, 1)
    np.testing.assert_allclose(values[:-1, 0], 125 * (np.arange(rows - 1) + 0.5) / rate, atol=1e-3)


@pytest.mark.parametrize("states", [np.zeros(3, np.float32), np.zeros((3, 2), np.float64)])
def test_wrong_states_are_refused(states: np.ndarray) -> None:
    with pytest.raises(InputError, match="float32 of shape"):
        FeatureTrack(states, 125.0, 1.0)


@pytest.mark.parametrize("times", [[np.nan], [[0.1]]])
def test_wrong_times_are_refused(times: list[float]) -> None:
    with pytest.raises(InputError, match="finite vector"):
        ramp().at(times)


@pytest.mark.parametrize(("rate", "duration"), [(0, 1), (np.nan, 1), (np.inf, 1), (125, -1), (125, np.nan)])
def test_impossible_rates_and_durations_are_refused(rate: float, duration: float) -> None:
    with pytest.raises(InputError, match="positive and finite"):
        FeatureTrack(np.zeros((3, 2), np.float32), rate, duration)


def test_an_empty_track_is_zero_everywhere() -> None:
    assert FeatureTrack(np.zeros((0, 2), np.float32), 125.0, 0.0).at([-1.0, 0.0, 1.0]).tolist() == [[0, 0]] * 3
