"""GRU layers side by side give what they give one after the other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pase.models.relay import PIECE, relay


@settings(max_examples=30, deadline=None)
@given(
    layers=st.integers(1, 4), threads=st.integers(1, 4), batch=st.integers(1, 2), steps=st.integers(1, 3 * PIECE + 1)
)
def test_any_number_of_threads_gives_the_same(layers: int, threads: int, batch: int, steps: int) -> None:
    torch.manual_seed(steps)
    gru = nn.GRU(5, 8, layers, batch_first=True)
    inputs, hidden = torch.randn(batch, steps, 5), torch.randn(layers, batch, 8)
    with torch.inference_mode():
        outputs, newest = gru(inputs, hidden)
        torch.testing.assert_close(relay(gru, inputs, hidden, threads), (outputs, newest), rtol=0, atol=1e-6)


def test_a_failure_in_a_layer_is_raised() -> None:
    gru = nn.GRU(5, 8, 2, batch_first=True)
    with torch.inference_mode(), pytest.raises(RuntimeError, match="shapes"):
        relay(gru, torch.randn(1, 3 * PIECE, 6), torch.zeros(2, 1, 8), 2)
