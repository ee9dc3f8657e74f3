"""What were features made from: by the notes beside them, against a checkpoint and against one another."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pase.errors import InputError
from pase.files import read_json
from pase_adapters.array_file import ArrayFile
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.doctor.visit import Visit
from pase_adapters.feature_file import Origin, hash_file, note_path, read_origin
from pase_adapters.spec import RendererSpec, Slot


@dataclass(frozen=True, slots=True)
class Note:
    """A note beside a feature file.

    Attributes:
        path: The note.
        origin: What the features were made from.
        shape: Of the array that was written; None where the note does not tell.
    """

    path: Path
    origin: Origin
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Features:
    """A feature file and the note beside it, if there is one."""

    file: ArrayFile
    note: Note | None


def read_note(features: Path) -> Note | None:
    """The note beside a feature file; None where there is none.

    Raises:
        InputError: It is damaged.
    """
    origin = read_origin(features)
    if origin is None:
        return None
    return Note(note_path(features), origin, _shape(read_json(note_path(features))))


def _shape(content: dict[str, Any]) -> tuple[int, ...] | None:
    layout = content.get("layout")
    if not isinstance(layout, dict):
        return None
    columns = () if layout.get("flat") else (layout.get("columns"),)
    shape = (content.get("rows"), *columns, layout.get("width"))
    return shape if all(isinstance(length, int) for length in shape) else None


def read_model_id(checkpoint: Path) -> str:
    """Identity of a PASE checkpoint folder, by its weights' hash alone: torch is not needed.

    Raises:
        InputError: It is no checkpoint folder.
    """
    for name in ("config.json", "model.safetensors"):
        if not (checkpoint / name).is_file():
            raise InputError(f"{checkpoint} is no PASE checkpoint: expected a folder with {name}")
    config: Any = read_json(checkpoint / "config.json")
    if not isinstance(config, dict) or config.get("software") != "pase":
        raise InputError(f'{checkpoint / "config.json"} was not written by PASE (no entry "software": "pase")')
    return hash_file(checkpoint / "model.safetensors")[:16]


def check_note(
    file: ArrayFile, note: Note | None, spec: RendererSpec, slot: Slot, model_id: str | None, remedy: str
) -> Iterator[Finding]:
    """Compare a note with its file, with the slot, and with the checkpoint that is given.

    Args:
        file: The features.
        note: What lies beside them.
        spec: The renderer.
        slot: Its input.
        model_id: Checkpoint that they should come from; None: any.
        remedy: The command that writes them again.
    """
    where = str(file.path)
    if note is None:
        found = f"no {note_path(file.path).name} beside it: not written by pase-adapt, its checkpoint is unknown"
        yield Finding(Severity.INFO, "no-note", found, where)
        return
    origin = note.origin
    if note.shape not in (None, file.shape):
        found = f"the note tells of the shape {note.shape}, the file has {file.shape}: it was replaced since"
        yield Finding(Severity.ERROR, "note-disagrees", found, str(note.path), remedy)
    if (origin.renderer, origin.slot) != (spec.name, slot.name):
        found = f"made for the slot {origin.slot} of {origin.renderer}, looked at as {slot.name} of {spec.name}"
        severity = Severity.INFO if origin.slot == slot.name else Severity.WARNING
        yield Finding(severity, "other-slot", found, where, remedy)
    if model_id not in (None, origin.model_id):
        found = f"made by the PASE checkpoint {origin.model_id}, not by the given one, {model_id}"
        yield Finding(Severity.ERROR, "other-checkpoint", found, where, f"give that --checkpoint, or {remedy}")


def check_driving(training: Features, driving: Features, visit: Visit) -> Iterator[Finding]:
    """A subject hears only features of the kind that it was trained on; others load without complaint.

    Args:
        training: Features of the subject.
        driving: Features of the other recording.
        visit: Gives the commands.
    """
    where, known = str(driving.file.path), training.note and driving.note
    remedy = visit.write_driving() if known else _one_program(visit)
    yield from _compare_shapes(training.file, driving.file, remedy)
    if training.note and driving.note:
        yield from _compare_origins(training.note.origin, driving.note.origin, where, remedy)
    elif training.note or driving.note:
        found = "only one of training and driving features was written by pase-adapt: the subject cannot hear both"
        yield Finding(Severity.WARNING, "one-note", found, where, remedy)


def _one_program(visit: Visit) -> str:
    return (
        f"write both by one program: with pase-adapt, the subject's ({visit.write_training('--force')}), train again, "
        f"then {visit.write_driving()}"
    )


def _compare_shapes(training: ArrayFile, driving: ArrayFile, remedy: str) -> Iterator[Finding]:
    if len(training.shape) != len(driving.shape) or len(training.shape) not in (2, 3):
        return  # of which the shapes' own check tells
    for code, name, axis in (("columns-differ", "columns a row", 1), ("width-differs", "features", -1)):
        was, now = training.shape[axis], driving.shape[axis]
        if was != now and (code == "width-differs" or len(driving.shape) == 3):
            found = f"{now} {name}, the subject was trained on {was}"
            yield Finding(Severity.ERROR, code, found, str(driving.path), remedy)


def _compare_origins(trained: Origin, driving: Origin, where: str, remedy: str) -> Iterator[Finding]:
    if trained.model_id != driving.model_id:
        found = f"made by the PASE checkpoint {driving.model_id}, the training features by {trained.model_id}"
        mend = f"{remedy}, with the --checkpoint that is {trained.model_id}"
        yield Finding(Severity.ERROR, "other-checkpoint", found, where, mend)
    if (trained.renderer, trained.slot) != (driving.renderer, driving.slot):
        found = f"made for the slot {driving.slot} of {driving.renderer}, training features for {trained.slot} of "
        yield Finding(Severity.ERROR, "other-slot", f"{found}{trained.renderer}", where, remedy)
    if trained.rows_per_second != driving.rows_per_second:
        found = f"{driving.rows_per_second:g} rows a second, the training features have {trained.rows_per_second:g}"
        yield Finding(Severity.ERROR, "other-rate", found, where, f"{remedy} --fps {trained.rows_per_second:g}")
    if trained.gated != driving.gated:
        found = f"the silence gate was {'on' if driving.gated else 'off'}, for the training features it was not so"
        mend = f"{remedy} --silence-gate" if trained.gated else remedy
        yield Finding(Severity.WARNING, "other-gate", found, where, mend)
