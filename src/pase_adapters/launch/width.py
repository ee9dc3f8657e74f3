"""How wide a renderer's audio network has to be: as wide as the features that it will read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError
from pase_adapters.array_file import read_array_file
from pase_adapters.feature_file import note_path, read_origin
from pase_adapters.spec import RendererSpec, RowLayout, Slot

_OTHERWISE = "Or give the width by --features FILE.npy or --width N."


@dataclass(frozen=True, slots=True)
class Width:
    """A width of features, and from where it is known.

    Attributes:
        features: Features of a short frame.
        source: From where, for the user to read.
    """

    features: int
    source: str

    def __post_init__(self) -> None:
        if self.features < 1:
            raise InputError(f"the width is {self.features}, expected at least 1")


def launched_slot(spec: RendererSpec) -> Slot:
    """The slot whose features need the launcher; the first one where none does."""
    return next((slot for slot in spec.slots if slot.launched), spec.slots[0])


def read_width(path: Path, layout: RowLayout) -> Width:
    """Width of a feature file by its header, and the checkpoint of its features by the note beside it.

    Raises:
        InputError: The file is no whole array of this layout's axes, or has no note.
    """
    try:
        array = read_array_file(path)
    except InputError as error:
        raise InputError(f"the features {path} {error}") from error
    axes = "(rows, width)" if layout.flat else "(rows, columns, width)"
    if len(array.shape) != axes.count(",") + 1 or array.dtype.kind != "f":
        raise InputError(f"{path} holds {array.text}, expected floating-point numbers of shape {axes}")
    if array.size != array.expected_size:
        raise InputError(f"{path} has {array.size} bytes, its header promises {array.expected_size}: write it again")
    width, origin = array.shape[-1], read_origin(path)
    if origin is None:
        raise InputError(
            f"{path} has no {note_path(path).name} beside it, so it was not written by pase-adapt, or copied without "
            f"its note: nothing tells which checkpoint it comes from. Bring the note, write the features again, or use "
            f"them as they are with --width {width}."
        )
    return Width(width, f"{path}, PASE checkpoint {origin.model_id}")


def subject_width(spec: RendererSpec, checkout: Path, words: Sequence[str]) -> Width:
    """Width of the features that lie in the subject's folder, which the renderer's command line names.

    A folder without features whose own folders have some is taken as a set of subjects, whose widths must be equal.

    Args:
        spec: The renderer.
        checkout: Folder that the command line's paths start from.
        words: The renderer's arguments behind the script.

    Raises:
        InputError: No subject is named, it has no features, or they cannot be used.
    """
    slot, folder = launched_slot(spec), checkout / _named_subject(spec, words)
    own = folder / slot.training_file
    files = [own] if own.is_file() else sorted(folder.glob(f"*/{slot.training_file}"))
    if not files:
        raise InputError(
            f"the subject {folder} has no {slot.training_file}: write it by pase-adapt --renderer {spec.name} --slot "
            f"{slot.name} --data-dir {folder} --audio SOUND. {_OTHERWISE}"
        )
    widths = [read_width(file, slot.layout) for file in files]
    for file, width in zip(files[1:], widths[1:], strict=True):
        if width.features != widths[0].features:
            raise InputError(
                f"{file} has {width.features} features, {files[0]} has {widths[0].features}: one network cannot take "
                f"both. Write them with one checkpoint."
            )
    return widths[0]


def _named_subject(spec: RendererSpec, words: Sequence[str]) -> str:
    option = spec.launch.subject_option if spec.launch else ""
    if not option:
        if words and not words[0].startswith("-"):
            return words[0]
        found = repr(words[0]) if words else "nothing"
        raise InputError(
            f"expected the subject's folder as the first argument behind the script, found {found}. {_OTHERWISE}"
        )
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == option and (value if equals else following):
            return value if equals else following
    raise InputError(f"expected the subject's folder behind {option}, found no {option} with one. {_OTHERWISE}")
