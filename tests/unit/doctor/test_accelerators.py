import shutil
import warnings
from types import SimpleNamespace

import pytest
import torch

from pase.doctor.accelerators import check_gpus
from pase.doctor.check import Status


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda program: None)


def with_gpu(monkeypatch: pytest.MonkeyPatch, product: float | Exception) -> None:
    """Two GPUs that compute on the CPU: the product of ones is as given."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    properties = SimpleNamespace(name="Big GPU", total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: properties)

    class Ones:
        def __matmul__(self, other: object) -> torch.Tensor:
            if isinstance(product, Exception):
                raise product
            return torch.full((64, 64), product)

    monkeypatch.setattr(torch, "ones", lambda *shape, device: Ones())


def test_none() -> None:
    [result] = check_gpus()
    assert (result.name, result.status) == ("GPU", Status.WARNING)
    assert "none" in result.found


def test_each_by_name_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, 64.0)
    results = list(check_gpus())
    assert [(result.name, result.status) for result in results] == [
        ("GPU cuda:0", Status.OK),
        ("GPU cuda:1", Status.OK),
    ]
    assert results[0].found == "Big GPU, 80.0 GiB"


@pytest.mark.parametrize(
    ("product", "found"),
    [(RuntimeError("no kernel image is available"), "no kernel image"), (63.0, "wrong results")],
)
def test_gpu_that_cannot_compute(product: float | Exception, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, product)
    results = list(check_gpus())
    assert {result.status for result in results} == {Status.PROBLEM}
    assert found in results[0].found


def test_driver_that_torch_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> bool:
        warnings.warn("the NVIDIA driver is too old", UserWarning, stacklevel=1)
        return False

    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    monkeypatch.setattr(torch.version, "cuda", None)
    [result] = check_gpus()
    assert result.status is Status.WARNING
    assert "for the CPU alone" in result.found
    assert "driver is too old" in result.found


def test_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 16 * 2**30)
    monkeypatch.setattr(torch, "ones", lambda *shape, device: torch.full(shape, 1.0))
    [result] = check_gpus()
    assert (result.name, result.status) == ("GPU mps", Status.OK)
    assert "16.0 GiB" in result.found
