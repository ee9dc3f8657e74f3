"""Reading what `torch.save` wrote, from anyone: no code of it is run, and it takes no more memory than it has bytes."""

import pickletools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pase.errors import InputError

_PLAIN = re.compile(r"collections OrderedDict|torch\._utils _rebuild_(tensor_v2|parameter)|torch [A-Za-z0-9]+Storage")
"""All that torch.save names for tensors and plain values; torch itself allows more, also what takes memory at will."""

_OTHER_NAMES = frozenset({"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"})
"""Further ways of a pickle to name code, which torch.save does not use."""


def read_torch_file(path: Path, map_location: Any = "cpu") -> Any:
    """Read a file of tensors and plain values.

    Args:
        path: In the form that `torch.save` has written since PyTorch 1.6, a zip archive.
        map_location: Where its tensors go, see `torch.load`.

    Raises:
        InputError: It is absent, is damaged, would run code, or claims more than it holds.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist or is not a file")
    size = path.stat().st_size
    _check_archive(path, size)
    try:
        _check_names(path)
        content = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # bytes that are no checkpoint make torch raise anything at all
        raise InputError(f"{path} is damaged, or would run code if it were read: {_first_line(error)}") from error
    for name, value in tensors_in(content):
        claimed = value.numel() * value.element_size() if value.layout is torch.strided else None
        if claimed is None or claimed > size or value.is_quantized or value.is_meta:
            raise InputError(
                f"{path}: {name or 'a tensor'} of shape {tuple(value.shape)} is no plain tensor that {size} bytes hold"
            )
    return content


def tensors_in(content: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors in nested dicts, lists and tuples, each with the names on its way.

    A file can share parts or nest them without end, so each is visited once, and none by recursion.
    """
    seen, left = set[int](), [(name, content)]
    while left:
        name, value = left.pop()
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            members = value.items() if isinstance(value, Mapping) else enumerate(value)
            left += [(f"{name}.{key}" if name else str(key), member) for key, member in members]


def check_finite(content: Any, where: Path | str) -> None:
    """Refuse weights that are NaN or infinite.

    Raises:
        InputError: Naming the first.
    """
    for name, value in tensors_in(content):
        if (value.is_floating_point() or value.is_complex()) and not value.isfinite().all():
            raise InputError(f"{where}: weights that are NaN or infinite, the first in {name}")


def _check_archive(path: Path, size: int) -> None:
    """Members as they are, one beside the other: compressed ones could be a thousand times as large as the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged, or was not written by torch.save: {_first_line(error)}") from error
    packed = [member.filename for member in members if member.compress_type != zipfile.ZIP_STORED]
    if packed or sum(member.file_size for member in members) > size:
        raise InputError(f"{path} claims more than its {size} bytes: torch.save writes no such archive")


def _check_names(path: Path) -> None:
    """Refuse a pickle that names more than plain content needs, before any of it is done."""
    pickle = torch._C.PyTorchFileReader(str(path)).get_record("data.pkl")  # as `torch.load` will find it
    for opcode, argument, _ in pickletools.genops(pickle):
        if opcode.name in _OTHER_NAMES or (opcode.name == "GLOBAL" and not _PLAIN.fullmatch(str(argument))):
            raise InputError(f"it names {argument or 'code'}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
