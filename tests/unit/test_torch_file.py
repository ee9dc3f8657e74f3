"""Files that torch.save wrote, or that somebody wrote who means harm."""

import io
import os
import pickle
import resource
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.errors import InputError
from pase.torch_file import check_finite, read_torch_file, tensors_in

GOOD = {"weights": OrderedDict(a=torch.arange(6.0).reshape(2, 3)), "step": 3, "rates": [0.1, (1, None)]}


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def repacked(path: Path, compression: int, change: Any = lambda name, data: data) -> Path:
    """The same members, written anew."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, change(name, data))
    return path


def test_tensors_and_values_come_back(tmp_path: Path) -> None:
    read = read_torch_file(saved(tmp_path / "a.pt", GOOD))
    assert torch.equal(read["weights"]["a"], GOOD["weights"]["a"])
    assert (read["step"], read["rates"]) == (3, [0.1, (1, None)])


def test_views_of_a_larger_storage_are_plain(tmp_path: Path) -> None:
    part = torch.zeros(1000)[10:20:2]
    assert torch.equal(read_torch_file(saved(tmp_path / "a.pt", {"part": part}))["part"], part)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_not_run(tmp_path: Path, legacy: bool) -> None:
    mark = tmp_path / "ran"
    torch.save({"a": Bomb(mark)}, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Bomb(mark)))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(InputError, match=rf"{name} is damaged, or"):
            read_torch_file(tmp_path / name)
    assert not mark.exists()
    torch.load(tmp_path / "a.pt", weights_only=False)  # so that the test tests something
    assert mark.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("expanded", torch.zeros(1).expand(10**12)),
        (
            "sparse",
            torch.sparse_coo_tensor(
                torch.zeros(2, 1, dtype=torch.long), torch.ones(1), (10**6, 10**6), check_invariants=True
            ),
        ),
        ("meta", torch.zeros(10**12, device="meta")),
    ],
)
def test_tensors_that_claim_more_than_there_is(tmp_path: Path, name: str, value: torch.Tensor) -> None:
    path = saved(tmp_path / "a.pt", {"deep": [{name: value}]})
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match=rf"deep\.0\.{name} of shape .* is no plain tensor|damaged, or would run"):
        read_torch_file(path)


def test_a_compressed_archive(tmp_path: Path) -> None:
    path = repacked(saved(tmp_path / "a.pt", {"a": torch.zeros(10**7)}), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(InputError, match=r"a\.pt claims more than its"):
        read_torch_file(path)


def test_a_storage_that_is_shorter_than_its_tensor(tmp_path: Path) -> None:
    path = repacked(
        saved(tmp_path / "a.pt", {"a": torch.zeros(1000)}),
        zipfile.ZIP_STORED,
        lambda name, data: data[:16] if name.endswith("data/0") else data,
    )
    with pytest.raises(InputError, match=r"a\.pt"):
        read_torch_file(path)


BYTES = b"\x8a\x05" + (2**33).to_bytes(5, "little") + b"\x85R."


@pytest.mark.parametrize(
    ("pickled", "named"),
    [
        (b"\x80\x02cbuiltins\nbytearray\n" + BYTES, "builtins bytearray"),
        (b"\x80\x02ctorch\nTensor\n" + BYTES, "torch Tensor"),
        (b"\x80\x04\x8c\x08builtins\x8c\x09bytearray\x93" + BYTES, "code"),
    ],
)
def test_memory_that_the_file_does_not_have_is_not_taken(tmp_path: Path, pickled: bytes, named: str) -> None:
    path = repacked(
        saved(tmp_path / "a.pt", GOOD),
        zipfile.ZIP_STORED,
        lambda name, data: pickled if name.endswith("data.pkl") else data,
    )
    limits = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 2**31, limits[1]))  # so that a failure harms nobody
    try:
        with pytest.raises(InputError, match=rf"would run code if it were read: it names {named}"):
            read_torch_file(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def test_tensors_of_every_type_and_parameters_are_plain(tmp_path: Path) -> None:
    types = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8)
    content = {str(one): torch.ones(2, dtype=one) for one in (*types, torch.int8, torch.int16, torch.bool)}
    content["parameter"] = torch.nn.Parameter(torch.ones(2))
    read = read_torch_file(saved(tmp_path / "a.pt", content))
    assert all(torch.equal(read[name], value) and read[name].dtype == value.dtype for name, value in content.items())


def test_a_list_that_holds_itself_is_walked_once() -> None:
    endless: list[Any] = [torch.zeros(2)]
    endless.append(endless)
    assert [name for name, _ in tensors_in({"a": endless})] == ["a.0"]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x80\x02."])
def test_something_else(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.pt"):
        read_torch_file(tmp_path / "a.pt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore")  # what torch and zipfile warn of while they read it
def test_random_damage_is_refused_or_harmless(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    buffer = io.BytesIO()
    torch.save(GOOD, buffer)
    data = bytearray(buffer.getvalue())
    for place, bits in changes:
        data[int(place * len(data))] ^= bits
    (tmp_path / "a.pt").write_bytes(data)
    with suppress(InputError):
        read = read_torch_file(tmp_path / "a.pt")
        assert all(value.numel() <= len(data) for _, value in tensors_in(read))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers(value: float) -> None:
    check_finite({"a": torch.ones(2), "steps": torch.tensor(3)}, "here")
    with pytest.raises(InputError, match=r"here: weights that are NaN or infinite, the first in a\.b"):
        check_finite({"a": {"b": torch.tensor([1.0, value])}}, "here")
