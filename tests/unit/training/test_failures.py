"""Errors of torch whose cause is known are told in words; others stay what they are."""

import pytest

from pase.training.failures import TrainingStoppedError, explained


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("DataLoader worker (pid 7) is killed by signal: Killed. ", "a loader process has died"),
        ("DataLoader worker (pid(s) 1, 2) exited unexpectedly", "a loader process has died"),
        ("[gloo/transport/tcp/pair.cc:545] Read error: Connection reset by peer", "another rank has gone"),
        ("NCCL error: remote process exited or there was a network error", "another rank has gone"),
        ("CUDA out of memory. Tried to allocate 20 MiB", "memory is full. Lower --data.batch_size"),
    ],
)
def test_known_errors_tell_what_to_do(raised: str, told: str) -> None:
    with pytest.raises(TrainingStoppedError, match=told) as error, explained():
        raise RuntimeError(raised)
    assert "--ckpt_path last" in str(error.value)
    assert raised.strip() in str(error.value)


def test_other_errors_stay() -> None:
    with pytest.raises(RuntimeError, match="shape mismatch"), explained():
        raise RuntimeError("shape mismatch")
