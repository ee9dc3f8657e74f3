"""Is the feature file there, and under the name that the renderer looks for?"""

from collections.abc import Iterator

from pase.errors import InputError
from pase_adapters.array_file import ArrayFile, read_array_file
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.doctor.visit import Visit
from pase_adapters.spec import Slot


def check_presence(visit: Visit) -> Iterator[Finding]:
    """Say where features lie instead, when the wanted file is absent: wrong names are the commonest mistake of all."""
    if visit.features.is_file():
        return
    where, others = str(visit.features), list(_others(visit))
    if others:
        yield _named_otherwise(visit, others)
    else:
        yield Finding(Severity.ERROR, "no-features", "the feature file is missing", where, visit.write_training())


def _named_otherwise(visit: Visit, others: list[ArrayFile]) -> Finding:
    there = ", ".join(f"{other.path.name} ({other.text})" for other in others)
    found, remedy = f"missing, while there is {there}", visit.write_training()
    slots = [slot for other in others if (slot := _slot_of(visit, other))]
    if slots:
        found += f"; {slots[0].training_file} is what the slot {slots[0].name} reads"
        remedy += f"; or --slot {slots[0].name} here, and for the renderer {slots[0].switch or 'no switch'}"
    return Finding(Severity.ERROR, "wrong-name", found, str(visit.features), remedy)


def _others(visit: Visit) -> Iterator[ArrayFile]:
    """Arrays beside the place of the features that may be features."""
    needed = {need.file for need in visit.spec.needs}
    for path in sorted(visit.data_dir.glob("*.npy")):
        if path.name in needed or path.name.startswith("."):
            continue
        try:
            file = read_array_file(path)
        except InputError:
            continue  # the renderer does not read it either
        if len(file.shape) == (2 if visit.slot.layout.flat else 3):
            yield file


def _slot_of(visit: Visit, other: ArrayFile) -> Slot | None:
    """Another slot of the renderer that reads the file under its name and width."""
    for slot in visit.spec.slots:
        if slot.training_file == other.path.name and slot.layout.width in (None, other.shape[-1]):
            return slot
    return None
