"""Which settings of a ring buffer give right windows, against a ring that is run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase_adapters.renderer_side.ring import find_fault


def windows_are_right(left: int, middle: int, right: int, warm_up: int, windows: int, frames: int) -> bool:
    """Run a ring whose rows hold their own number; windows are copied when they are cut."""
    ring: list[int | None] = [None] * (4 * middle)
    ring[-8:] = range(-8, 0)  # zeros, which stand for what was before
    chunks, calls, cut = left, 0, 0
    for step in range(warm_up + 2 * frames):
        chunks += 1
        if chunks == left + middle + right:
            for row in range(middle):
                ring[(calls * middle + row) % len(ring)] = calls * middle + row
            chunks, calls = left + right, calls + 1
        frame, half = divmod(step - warm_up, 2)
        if frame < 0 or half == 0:
            continue
        while cut < frame + (4 if windows > 1 else 1):
            wanted = range(2 * cut - 8, 2 * cut + 8)
            if any(ring[row % len(ring)] != row for row in wanted):
                return False
            cut += 1
    return True


@given(
    left=st.integers(0, 16),
    middle=st.integers(2, 24),
    right=st.integers(1, 12),
    windows=st.sampled_from([1, 8]),
    served=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_faults_are_those_of_a_ring_that_runs(left: int, middle: int, right: int, windows: int, served: bool) -> None:
    warm_up = left + middle + right if served else middle + right + 14
    right_ones = windows_are_right(left, middle, right, warm_up, windows, frames=3 * middle)
    assert (find_fault(middle, warm_up - right, windows) == "") == right_ones


@pytest.mark.parametrize("middle", [8, 9, 10, 16, 50])
def test_usual_settings_of_a_file(middle: int) -> None:
    assert not find_fault(middle, middle + 14, 8)


@pytest.mark.parametrize(
    ("left", "middle", "fault"),
    [(10, 8, ""), (10, 12, ""), (10, 6, "overwrites"), (10, 4, "ring"), (8, 8, "behind by"), (10, 9, "behind by")],
)
def test_settings_of_a_server(left: int, middle: int, fault: str) -> None:
    found = find_fault(middle, left + middle, 8)
    assert fault in found
    assert bool(found) == bool(fault)
