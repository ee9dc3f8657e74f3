"""What an adapter has to know about a renderer, as frozen dataclasses that refuse a wrong value at once.

Only the standard library is imported here, so that `pase-adapt --list` answers without loading NumPy or torch.
"""

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import PurePath
from string import Formatter

from pase.errors import InputError
from pase_adapters.hazards import NO_HAZARDS, Hazards
from pase_adapters.streaming.hook import StreamHook

COMMAND_FIELDS = frozenset({"python", "switch", "data", "workspace", "features", "note", "audio"})
"""What a command line may stand open for: how Python is started, the slot's switch, subject folder, run name, feature
file, the note beside it, sound file."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """How a renderer's feature array ``(rows, columns, width)`` lies in time.

    Row *i* belongs to video frame *i*, which is shown from ``i / rows_per_second`` s on. Its column *c* is the short
    frame that begins ``(first_column + c) / columns_per_second`` s later, sampled in its middle. Short frames outside
    the recording are zeros: that is what every renderer of this family pads with itself.

    Attributes:
        rows_per_second: The renderer's video frame rate (Hz); 29.97 is given as 30000 / 1001.
        columns_per_second: Rate of the short frames inside a row (Hz).
        columns: Short frames in a row.
        first_column: Where row *i*'s window begins, in short frames from the start of video frame *i*.
        width: Feature width that the renderer's first layer is built for; None: that of the features, whatever it is.
        min_rows: Fewest rows that the renderer survives.
        flat: The array has no axis for columns, of which there is one.
        max_columns: Columns that the renderer looks at where it takes rows of any number of them; None: it takes
            exactly `columns`.
    """

    rows_per_second: float
    columns_per_second: int
    columns: int
    first_column: int
    width: int | None
    min_rows: int = 1
    flat: bool = False
    max_columns: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.rows_per_second <= 120:
            raise InputError(f"a row layout's rows_per_second must be from 1 to 120, not {self.rows_per_second}")
        for name in ("columns_per_second", "columns", "width", "min_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"a row layout's {name} must be at least 1, not {value}")
        if self.flat and self.columns != 1:
            raise InputError(f"a flat row layout has one column, not {self.columns}")

    def fitted(self, width: int) -> "RowLayout":
        """This layout for features of a width, where it takes any."""
        return replace(self, width=width) if self.width is None else self


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of a renderer that features can be put into: a file, and what makes the renderer open it.

    Attributes:
        name: What users type after `--slot`: the extractor that the renderer names it after, or ``any`` where
            `pase-adapt run` makes the renderer's first layer as wide as the features.
        layout: Shape and timing of the feature array.
        training_file: Name of the feature file in the subject's folder.
        driving_file: Name of the feature file of another recording; ``{stem}`` stands for the sound file's name.
        switch: What the renderer's commands need to read this slot, such as ``--asr_model hubert``; may be empty.
    """

    name: str
    layout: RowLayout
    training_file: str
    driving_file: str
    switch: str = ""

    def __post_init__(self) -> None:
        _check_name("slot", self.name)
        for file in (self.training_file, self.driving_file):
            if PurePath(file).name != file or not file.endswith(".npy"):
                raise InputError(f"the slot {self.name} needs plain .npy file names, not {file!r}")
        if "{stem}" not in self.driving_file:
            raise InputError(f"the driving_file of the slot {self.name} must hold {{stem}}, not {self.driving_file!r}")

    @property
    def launched(self) -> bool:
        """Whether the renderer has to be started by `pase-adapt run`, since its own width is another."""
        return self.layout.width is None

    def feature_file(self, audio: PurePath, *, driving: bool) -> str:
        """Name of the file to write for a recording."""
        return self.driving_file.format(stem=audio.stem) if driving else self.training_file


@dataclass(frozen=True, slots=True)
class Launch:
    """How `pase-adapt run` gives a renderer's audio network another width, while its files stay as they are.

    The class is changed in place when the renderer imports it: its constructor is called with the features' width for
    `width_argument`, or has its `first_layer` replaced by one of that width where the width is a literal.

    Attributes:
        module: Module of the checkout, such as ``nerf_triplane.network``.
        cls: The class of the audio network in it.
        width_argument: Name of the constructor's argument.
        first_layer: Dotted path of a one-dimensional convolution, from the network.
        subject_option: Option before the subject's folder on the renderer's command line; empty: it is the first
            argument behind the script.
    """

    module: str
    cls: str = "AudioNet"
    width_argument: str = "dim_in"
    first_layer: str = ""
    subject_option: str = ""

    def __post_init__(self) -> None:
        if bool(self.width_argument) == bool(self.first_layer):
            raise InputError(f"a launch of {self.module} names either a width_argument or a first_layer")

    @property
    def file(self) -> str:
        """The module's file in the checkout, by which it is known."""
        return self.module.replace(".", "/") + ".py"


@dataclass(frozen=True, slots=True)
class Need:
    """A file of the processed subject that the renderer opens beside the features.

    Attributes:
        file: Name in the subject's folder; a pattern such as ``teeth_mask/*.npy`` asks for at least one.
        made_by: How the user makes it.
    """

    file: str
    made_by: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command for the user to run in the renderer's own folder.

    Attributes:
        title: What it does, a few words.
        line: Shell text; the `COMMAND_FIELDS` are filled in, paths and names quoted for a shell.
    """

    title: str
    line: str

    def __post_init__(self) -> None:
        if not self.title or not self.line:
            raise InputError(f"a command needs a title and a line, not {self.title!r} and {self.line!r}")
        unknown = {name for _, name, _, _ in Formatter().parse(self.line) if name is not None} - COMMAND_FIELDS
        if unknown:
            raise InputError(
                f"the command {self.line!r} has unknown fields {sorted(unknown)}; known are {sorted(COMMAND_FIELDS)}"
            )

    def filled(self, python: str, switch: str, **values: str) -> "ReadyCommand":
        """This command with every field replaced: `python` and `switch` as they are, values quoted for a shell."""
        quoted = {name: shlex.quote(value) for name, value in values.items()}
        return ReadyCommand(self.title, self.line.format_map({"python": python, "switch": switch, **quoted}).rstrip())


@dataclass(frozen=True, slots=True)
class ReadyCommand:
    """A command that can be run as it is: title and line, see `Command`."""

    title: str
    line: str


@dataclass(frozen=True, slots=True)
class RendererSpec:
    """Everything about one renderer, in one value.

    Attributes:
        name: What users type after `--renderer`: lower case, digits and hyphens.
        description: One line for `--list`.
        project_url: Where its code is.
        commit: The commit of it that the facts were read from.
        licence: Its licence, and what a user has to mind about it.
        slots: The inputs that features can be put into; the first is taken where none is named.
        frame_lists: JSON files of a processed subject which list its video frames, each with its row (`aud_id`); none
            for renderers that count pictures.
        pictures: Pattern of a processed subject's pictures, one a video frame, for renderers without frame lists.
        training_commands: What to run to train and test a subject, in order.
        driving_commands: What to run to drive a trained subject by another recording.
        needs: Files that the renderer opens beside the features.
        launch: How it is given another width; None where that cannot be done or is never needed.
        audio_layer: End of the name of the audio network's first weight in the renderer's checkpoints.
        proven: How the adapter was checked, a line for `--list`; docs/renderers.md has more.
        limits: What users have to know of this renderer, a line each.
        stream: Where its real-time path takes features from; None: it has none that PASE gets into.
        hazards: What goes wrong in it beside the shape of features, for `pase-adapt doctor`.
    """

    name: str
    description: str
    project_url: str
    commit: str
    licence: str
    slots: tuple[Slot, ...]
    training_commands: tuple[Command, ...]
    driving_commands: tuple[Command, ...]
    frame_lists: tuple[str, ...] = ()
    pictures: str = ""
    needs: tuple[Need, ...] = ()
    launch: Launch | None = None
    audio_layer: str = ""
    proven: str = "not checked"
    limits: tuple[str, ...] = ()
    stream: StreamHook | None = None
    hazards: Hazards = NO_HAZARDS

    def __post_init__(self) -> None:
        _check_name("renderer", self.name)
        for name in ("description", "licence", "slots", "training_commands"):
            if not getattr(self, name):
                raise InputError(f"the renderer {self.name} has no {name}")
        if not self.project_url.startswith("https://"):
            raise InputError(f"the renderer {self.name} needs a https:// project_url, not {self.project_url!r}")
        if bool(self.frame_lists) == bool(self.pictures):
            raise InputError(f"the renderer {self.name} needs either frame_lists or pictures, to count video frames")
        if len({slot.name for slot in self.slots}) != len(self.slots):
            raise InputError(f"two slots of the renderer {self.name} have one name")
        if self.launch is None and any(slot.launched for slot in self.slots):
            raise InputError(f"the renderer {self.name} has a slot of any width and no launch that makes it fit")

    def slot(self, name: str | None) -> Slot:
        """The slot of that name; the first for None.

        Raises:
            InputError: There is none.
        """
        for slot in self.slots:
            if name in (None, slot.name):
                return slot
        known = ", ".join(slot.name for slot in self.slots)
        raise InputError(f"{self.name} has no slot {name!r}; it has {known}")


def _check_name(what: str, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(f"a {what}'s name is lower-case words joined by hyphens, not {name!r}")
