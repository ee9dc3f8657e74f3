"""Landmarks from a file beside the video."""

import os
from pathlib import Path

import numpy as np
import pytest

from pase.errors import UnusableClipError
from pase.video.sidecar import read_sidecar


def test_sidecar(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(7, 46, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", points=points)
    np.testing.assert_array_equal(read_sidecar(tmp_path / "a.npz"), points[:, None])


def test_sidecar_of_several_faces(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(7, 3, 46, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", points=points)
    np.testing.assert_array_equal(read_sidecar(tmp_path / "a.npz"), points)


@pytest.mark.parametrize("value", [0, 80, np.nan, np.inf])
def test_frames_without_a_face(tmp_path: Path, value: float) -> None:
    """NaN, and what other tools write for a missing face."""
    points = np.random.default_rng(0).normal(size=(7, 46, 2)).astype(np.float32)
    points[2] = value
    points[4, 20, 1] = np.nan
    np.savez(tmp_path / "a.npz", points=points)
    found = read_sidecar(tmp_path / "a.npz")
    assert np.isnan(found[[2, 4]]).all()
    assert np.isfinite(found[[0, 1, 3, 5, 6]]).all()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(UnusableClipError, match="not a file"):
        read_sidecar(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"points": np.zeros((7, 46, 2))},
        {"points": np.zeros((7, 40, 2), dtype=np.float32)},
        {"points": np.zeros((7, 2, 2, 46, 2), dtype=np.float32)},
        {"points": np.zeros(7, dtype=np.float32)},
        {"landmarks": np.zeros((7, 46, 2), dtype=np.float32)},
        {"points": np.array([{"code": "would run"}], dtype=object)},
    ],
)
def test_bad_sidecar(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UnusableClipError, match=r"a\.npz") as caught:
        read_sidecar(tmp_path / "a.npz")
    assert caught.value.reason == "bad_landmarks"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 damaged"])
def test_damaged_sidecar(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UnusableClipError, match=r"a\.npz"):
        read_sidecar(tmp_path / "a.npz")


def test_absent_sidecar(tmp_path: Path) -> None:
    with pytest.raises(UnusableClipError, match="does not exist") as caught:
        read_sidecar(tmp_path / "a.npz")
    assert caught.value.reason == "no_landmarks"
