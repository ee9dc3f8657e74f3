import numpy as np

from pase.evaluation.context import with_context


def test_context_is_four_before_and_three_after():
    rows = np.arange(10, dtype=np.float32)[:, None]
    joined = with_context(rows, 8)
    assert joined[5].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert joined[0].tolist() == [0, 0, 0, 0, 0, 1, 2, 3]
    assert joined[9].tolist() == [5, 6, 7, 8, 9, 9, 9, 9]
    assert with_context(rows, 1).tolist() == rows.tolist()
