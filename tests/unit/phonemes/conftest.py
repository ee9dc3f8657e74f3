import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips, or a skip that says how to have it."""
    folder = Path(os.environ.get("PASE_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (folder / "grid_s1").is_dir():
        pytest.skip(f"no real clips in {folder}; set PASE_TEST_DATA to their folder")
    return folder
