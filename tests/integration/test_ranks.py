"""Several processes learn what one learns from the same windows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing
from tests.ranks_probe import CASES, steps, work

import pase.training.task as task_module


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, dict[str, torch.Tensor]]]:
    usual, resize = torch.get_default_dtype(), task_module.resize_lips
    yield {case: steps(case) for case in CASES}
    torch.set_default_dtype(usual)
    task_module.resize_lips = resize


@pytest.fixture(scope="module", params=[2, 4])
def together(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(work, (request.param, str(folder)), request.param)
    return torch.load(Path(folder) / "found.pt", weights_only=True)


@pytest.mark.parametrize("case", CASES)
def test_loss_gradients_and_statistics_are_those_of_one_process(case: str, alone: Any, together: Any) -> None:
    expected, found = alone[case], together[case]
    assert found.keys() == expected.keys()
    largest = max(float(value.abs().max()) for name, value in expected.items() if name.startswith("gradient"))
    assert largest > 1e-3
    for name, value in expected.items():
        scale = largest if name.startswith("gradient") else 1.0
        assert torch.allclose(found[name] / scale, value / scale, rtol=0, atol=1e-9), name
