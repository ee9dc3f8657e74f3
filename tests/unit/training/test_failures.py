"""Errors of torch and of the disk whose cause is known are told in words; others stay what they are."""

import errno
import os

import pytest

from pase.errors import PaseError
from pase.training.failures import TrainingStoppedError, explained

NCCL = "NCCL error in: ProcessGroupNCCL.cpp:3690, "


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("DataLoader worker (pid 7) is killed by signal: Killed. ", "a loader process has died"),
        ("DataLoader worker (pid(s) 1, 2) exited unexpectedly", "a loader process has died"),
        ("[gloo/transport/tcp/pair.cc:545] Read error: Connection reset by peer", "another rank has gone"),
        ("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:2", "another rank has gone"),
        ("[gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 1800000ms for recv", "another rank has gone"),
        ("writev [127.0.0.1]:29500: Broken pipe", "another rank has gone"),
        ("Socket Timeout", "another rank has gone"),
        ("NCCL error: remote process exited or there was a network error", "another rank has gone"),
        (NCCL + "NCCL version 2.21.5 ncclRemoteError: A call failed", "another rank has gone"),
        ("[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7)", "another rank has gone"),
        ("CUDA out of memory. Tried to allocate 20 MiB", "GPU's memory is full. Lower --data.batch_size"),
        (NCCL + "ncclUnhandledCudaError: Call failed. Cuda failure 'out of memory'", "GPU's memory is full"),
        ("[alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: 99 bytes", "machine's memory is full"),
    ],
)
def test_known_errors_tell_what_to_do(raised: str, told: str) -> None:
    with pytest.raises(TrainingStoppedError, match=told) as error, explained():
        raise RuntimeError(raised)
    assert "--ckpt_path last" in str(error.value)
    assert raised.strip() in str(error.value)


def test_the_line_that_says_what_happened_is_told_too() -> None:
    with pytest.raises(TrainingStoppedError, match="another rank") as error, explained():
        raise RuntimeError(f"{NCCL}remote process exited\nncclRemoteError: A call failed\nException raised from check")
    assert "ncclRemoteError: A call failed" in str(error.value)
    assert "Exception raised from" not in str(error.value)


@pytest.mark.parametrize(
    "raised",
    [
        "shape mismatch",
        NCCL + "invalid usage\nDuplicate GPU detected : rank 1 and rank 0 both on CUDA device 1000",
        "ProcessGroupNCCL is only supported with GPUs, no GPUs found!",
        NCCL + "unhandled system error (run with NCCL_DEBUG=INFO for details)",
        "Distributed package doesn't have NCCL built in",
        "makeDeviceForHostname(): unsupported gloo device",
    ],
)
def test_other_errors_stay(raised: str) -> None:
    with pytest.raises(RuntimeError) as error, explained():
        raise RuntimeError(raised)
    assert str(error.value) == raised


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_tells_what_to_do(number: int) -> None:
    with pytest.raises(TrainingStoppedError, match=r"disk is full.*--ckpt_path last.*metrics\.csv"), explained():
        raise OSError(number, os.strerror(number), "metrics.csv")


def test_other_errors_of_files_stay() -> None:
    with pytest.raises(PermissionError), explained():
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_disk_too_full_to_close_the_logs_does_not_hide_why_the_training_ended() -> None:
    with pytest.raises(PaseError, match=r"the checkpoint .* could not be written"), explained():
        try:
            raise PaseError("the checkpoint last.ckpt could not be written")
        except PaseError:
            raise OSError(errno.ENOSPC, "No space left on device") from None
