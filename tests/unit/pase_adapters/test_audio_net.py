"""The audio path beside the one of the contract tests, and its place in time."""

import pytest
import torch

from pase_adapters.reference.audio_net import AudioNet, AudioPath


@pytest.mark.parametrize("columns", [1, 2, 3, 8, 16])
def test_any_number_of_columns_up_to_16_gives_a_code(columns: int) -> None:
    assert AudioNet(5)(torch.zeros(3, columns, 5)).shape == (3, 32)


def test_columns_past_the_sixteenth_are_cut_off() -> None:
    net, rows = AudioNet(5), torch.randn(2, 20, 5)
    torch.testing.assert_close(net(rows), net(rows[:, :16]))


def test_a_frame_hears_four_rows_before_it_and_three_after() -> None:
    path, rows = AudioPath(5).eval(), torch.randn(1, 30, 16, 5)
    before = path(rows)
    rows[:, 15] += 1
    heard = (path(rows) - before).abs().sum(2)[0].nonzero().flatten()
    assert heard.tolist() == list(range(12, 20))


def test_ends_hear_zeros() -> None:
    path, rows = AudioPath(5).eval(), torch.randn(1, 12, 16, 5)
    padded = torch.cat([torch.zeros(1, 4, 16, 5), rows, torch.zeros(1, 4, 16, 5)], dim=1)
    torch.testing.assert_close(path(rows), path(padded)[:, 4:-4])
