"""Does the array have the shape and the numbers that the renderer takes?"""

from collections.abc import Iterator

from pase_adapters.array_file import ArrayFile
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.spec import RendererSpec, Slot

_PLAIN_SIZES = {2: "half precision", 4: "", 8: "double precision, twice the memory"}
"""Bytes of the floating-point numbers that renderers turn to float32 by themselves."""


def check_shape(file: ArrayFile, spec: RendererSpec, slot: Slot, remedy: str) -> Iterator[Finding]:
    """Compare a header with the slot.

    Args:
        file: What is there.
        spec: The renderer.
        slot: What it takes.
        remedy: The command that writes the right file.
    """
    where, layout = str(file.path), slot.layout
    yield from _check_size(file, remedy)
    yield from _check_type(file, remedy)
    axes = 2 if layout.flat else 3
    if len(file.shape) != axes:
        wanted = "rows x features" if layout.flat else "rows x columns x features"
        labels = "; an array with two axes is taken for class labels" if len(file.shape) == 2 else ""
        yield Finding(Severity.ERROR, "wrong-shape", f"{file.text}: expected {wanted}{labels}", where, remedy)
        return
    yield from _check_width(file, spec, slot, remedy)
    if not layout.flat:
        yield from _check_columns(file, slot, remedy)
    if file.rows < layout.min_rows:
        found = f"{file.rows} rows, {spec.name} needs at least {layout.min_rows}"
        yield Finding(Severity.ERROR, "too-short", found, where, "take a longer recording")


def _check_size(file: ArrayFile, remedy: str) -> Iterator[Finding]:
    where = str(file.path)
    if file.size < file.expected_size:
        found = f"only half written: its header promises {file.expected_size} bytes, there are {file.size}"
        yield Finding(Severity.ERROR, "half-written", found, where, remedy)
    elif file.size > file.expected_size:
        found = f"{file.size - file.expected_size} bytes more than its header tells of: two writings mixed?"
        yield Finding(Severity.WARNING, "extra-bytes", found, where, remedy)


def _check_type(file: ArrayFile, remedy: str) -> Iterator[Finding]:
    where, dtype = str(file.path), file.dtype
    if dtype.kind != "f" or dtype.itemsize not in _PLAIN_SIZES:
        yield Finding(Severity.ERROR, "wrong-type", f"numbers of type {dtype}, expected float32", where, remedy)
    elif not dtype.isnative:
        found = f"numbers of type {dtype.str} in the byte order of another machine, which torch refuses"
        yield Finding(Severity.ERROR, "wrong-type", found, where, remedy)
    elif note := _PLAIN_SIZES[dtype.itemsize]:
        found = f"{dtype} ({note}): the renderer turns it to float32"
        yield Finding(Severity.INFO, "other-type", found, where)


def _check_width(file: ArrayFile, spec: RendererSpec, slot: Slot, remedy: str) -> Iterator[Finding]:
    width, wanted = file.shape[-1], slot.layout.width
    if width == 0 or wanted not in (None, width):
        with_switch = f", which is built for {wanted}" if wanted else ""
        found = f"{width} features a row do not fit the slot {slot.name}{with_switch}"
        fitting = [
            f"{other.name} ({other.training_file})" for other in spec.slots if other.layout.width in (None, width)
        ]
        if width and fitting:
            found += f"; they fit the slot {' or '.join(fitting)}"
        yield Finding(Severity.ERROR, "wrong-width", found, str(file.path), remedy)


def _check_columns(file: ArrayFile, slot: Slot, remedy: str) -> Iterator[Finding]:
    columns, layout = file.shape[1], slot.layout
    if columns == layout.columns:
        return
    found = f"{columns} columns a row, pase-adapt writes {layout.columns}"
    if columns == 0 or layout.max_columns is None:
        yield Finding(Severity.ERROR, "wrong-columns", f"{found} and no other number fits", str(file.path), remedy)
    elif columns > layout.max_columns:
        found += f"; the renderer cuts off all beyond {layout.max_columns} without a word"
        yield Finding(Severity.ERROR, "columns-cut", found, str(file.path), remedy)
    else:
        found += "; the renderer takes both, but one trained on the one cannot be driven by the other"
        yield Finding(Severity.WARNING, "other-columns", found, str(file.path), remedy)
