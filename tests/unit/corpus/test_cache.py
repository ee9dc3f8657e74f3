"""The cache of remote clips: bounded, shared, harmless."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from pase.corpus.cache import DEFAULT_GIGABYTES, Cache, CacheConfig
from pase.errors import InputError

KILOBYTE = 1e-6  # in gigabytes


def total(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_blocks_come_back(tmp_path: Path) -> None:
    cache = Cache(CacheConfig(tmp_path))
    assert cache.get("a/b") is None
    cache.put("a/b", b"block")
    assert Cache(CacheConfig(tmp_path)).get("a/b") == b"block"
    cache.drop("a/b")
    assert cache.get("a/b") is None
    cache.drop("a/b")


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache(CacheConfig(tmp_path, 10 * KILOBYTE))
    for number in range(9):
        cache.put(str(number), b"x" * 1000)
        os.utime(cache._path(str(number)), (number, number))
    assert cache.get("0") is not None  # now the most recent
    cache.put("9", b"x" * 1000)
    kept = [number for number in range(10) if cache.get(str(number)) is not None]
    assert kept[0] == 0
    assert 1 not in kept
    assert kept[-1] == 9
    assert len(kept) >= 7


def fill(config: CacheConfig, first: int) -> int:
    cache = Cache(config)
    for number in range(first, first + 150):
        name = str(number % 200)
        block = cache.get(name)
        assert block is None or block == name.encode() * 500
        cache.put(name, name.encode() * 500)
    return total(config.folder)


def test_several_processes_keep_within_the_limit(tmp_path: Path) -> None:
    config = CacheConfig(tmp_path, 40 * KILOBYTE)
    with ProcessPoolExecutor(3, multiprocessing.get_context("fork")) as pool:
        sizes = list(pool.map(fill, [config] * 3, [0, 100, 200]))
    assert max(sizes) < 40_000 * 1.15
    assert 20_000 < total(tmp_path) < 40_000 * 1.05


def test_files_that_are_not_its_own_are_never_removed(tmp_path: Path) -> None:
    mine = [tmp_path / "thesis.kept", tmp_path / "corpora" / "notes.txt"]
    (tmp_path / "corpora").mkdir()
    for path in mine:
        path.write_bytes(b"m" * 5000)
    cache = Cache(CacheConfig(tmp_path, KILOBYTE))
    for number in range(5):
        cache.put(str(number), b"x" * 900)
    assert all(path.exists() for path in mine)


def test_no_cache(tmp_path: Path) -> None:
    cache = Cache(CacheConfig(tmp_path / "none", 0))
    cache.put("a", b"block")
    assert cache.get("a") is None
    assert not (tmp_path / "none").exists()


def test_a_cache_that_cannot_be_written_to_is_only_warned_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(CacheConfig(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"cannot be written to .*PASE_CACHE"):
        cache.put("a", b"block")
    assert cache.get("a") is None


def test_place_and_size_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PASE_CACHE", "PASE_CACHE_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert CacheConfig.from_environment() == CacheConfig(tmp_path / "pase", DEFAULT_GIGABYTES)
    monkeypatch.setenv("PASE_CACHE", str(tmp_path / "mine"))
    monkeypatch.setenv("PASE_CACHE_SIZE", "2.5")
    assert CacheConfig.from_environment() == CacheConfig(tmp_path / "mine", 2.5)


@pytest.mark.parametrize("size", ["many", "-1", "nan", "inf"])
def test_sizes_that_are_none(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASE_CACHE_SIZE", size)
    with pytest.raises(InputError, match="gigabytes"):
        CacheConfig.from_environment()
