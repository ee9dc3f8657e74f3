"""YAML that is large without being long."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.yaml_file import MOST_VALUES, check_size, load_yaml, read_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", exclude_categories=["Cc"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
)


@given(VALUES)
def test_plain_values_come_back(value: Any) -> None:
    assert load_yaml(yaml.safe_dump(value)) == value


def test_references_work() -> None:
    assert load_yaml("a: &a {b: 1}\nc: *a\nd: {<<: *a, e: 2}") == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "references to its own parts it has"),
        (f"[{'1,' * MOST_VALUES}]", "references to its own parts it has"),
        ("&a [*a]", "holds itself"),
        ("&a {b: {c: *a}}", "holds itself"),
        ("[" * 100_000, "nested more than 100 times"),
        ("{a: " * 100_000, "nested more than 100 times"),
        ("- " * 100_000, "nested more than 100 times"),
        ("a: *b", "undefined alias"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: [", "expected"),
    ],
)
def test_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"a\.yaml cannot be read as YAML: (.|\n)*({told})"):
        read_yaml(tmp_path / "a.yaml")


def test_counted_without_being_made() -> None:
    with pytest.raises(yaml.YAMLError, match=r"it has \d{39,} values"):
        check_size(BOMB)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_no_file_and_no_text(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.yaml (does not exist|cannot be read as YAML)"):
        read_yaml(tmp_path / "a.yaml")
