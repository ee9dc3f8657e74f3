"""Fixtures of the executors' tests."""

from collections.abc import Iterator

import pytest

from pase.execution.ray import RayExecutor


@pytest.fixture(scope="session")
def running_ray() -> Iterator[None]:
    """One Ray for all tests, with three processors: starting it takes long."""
    pytest.importorskip("ray")
    with RayExecutor(workers=3):
        yield
