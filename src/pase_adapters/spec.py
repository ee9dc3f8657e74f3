"""What an adapter has to know about a renderer, as frozen dataclasses that refuse a wrong value at once.

Only the standard library is imported here, so that `pase-adapt --list` answers without loading NumPy or torch.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePath
from string import Formatter

from pase.errors import InputError

COMMAND_FIELDS = frozenset({"data", "workspace", "features", "audio"})
"""What a command line may stand open for: subject folder, run name, feature file, sound file."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """How a renderer's feature array ``(rows, columns, width)`` lies in time.

    Column *c* of row *i* is the feature of the short frame ``j = i * columns_per_second / rows_per_second +
    first_column + c``, counted over the whole stream. Frame *j* spans ``j / columns_per_second`` to ``(j + 1) /
    columns_per_second`` seconds and is sampled in its middle. Frames outside the stream are zeros: that is what every
    renderer of this family pads with itself.

    Attributes:
        rows_per_second: The renderer's video frame rate (Hz).
        columns_per_second: Rate of the short frames inside a row (Hz), a multiple of `rows_per_second`.
        columns: Short frames in a row.
        first_column: Where row *i*'s window begins, in short frames from the start of video frame *i*.
        width: Feature width that the renderer's first layer is built for.
        min_rows: Fewest rows that the renderer survives.
    """

    rows_per_second: int
    columns_per_second: int
    columns: int
    first_column: int
    width: int
    min_rows: int = 1

    def __post_init__(self) -> None:
        for name in ("rows_per_second", "columns_per_second", "columns", "width", "min_rows"):
            if getattr(self, name) < 1:
                raise InputError(f"a row layout's {name} must be at least 1, not {getattr(self, name)}")
        if self.columns_per_second % self.rows_per_second:
            raise InputError(
                f"a row layout's columns_per_second must be a multiple of rows_per_second, "
                f"not {self.columns_per_second} and {self.rows_per_second}"
            )

    @property
    def step(self) -> int:
        """Short frames from one row's window to the next."""
        return self.columns_per_second // self.rows_per_second


@dataclass(frozen=True, slots=True)
class Command:
    """A command for the user to run in the renderer's own folder.

    Attributes:
        title: What it does, a few words.
        line: Shell text; ``{data}``, ``{workspace}``, ``{features}`` and ``{audio}`` are filled in, quoted for a shell.
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

    def filled(self, **values: str) -> "Command":
        """This command with every field replaced by its shell-quoted value."""
        return Command(self.title, self.line.format_map({name: shlex.quote(value) for name, value in values.items()}))


@dataclass(frozen=True, slots=True)
class RendererSpec:
    """Everything about one renderer, in one value.

    Attributes:
        name: What users type after `--renderer`: lower case, digits and hyphens.
        description: One line for `--list`.
        project_url: Where its code is.
        licence: Its licence, and what a user has to mind about it.
        layout: Shape and timing of the feature array.
        training_file: Name of the feature file in the subject's folder.
        driving_file: Name of the feature file of another recording; ``{stem}`` stands for the sound file's name.
        frame_lists: JSON files of a processed subject which list its video frames, each with its row (`aud_id`).
        training_commands: What to run to train and test a subject, in order.
        driving_commands: What to run to drive a trained subject by another recording.
    """

    name: str
    description: str
    project_url: str
    licence: str
    layout: RowLayout
    training_file: str
    driving_file: str
    frame_lists: tuple[str, ...]
    training_commands: tuple[Command, ...]
    driving_commands: tuple[Command, ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise InputError(f"a renderer's name is lower-case words joined by hyphens, not {self.name!r}")
        for name in ("description", "licence", "frame_lists", "training_commands", "driving_commands"):
            if not getattr(self, name):
                raise InputError(f"the renderer {self.name} has no {name}")
        if not self.project_url.startswith("https://"):
            raise InputError(f"the renderer {self.name} needs a https:// project_url, not {self.project_url!r}")
        for file in (self.training_file, self.driving_file):
            if PurePath(file).name != file or not file.endswith(".npy"):
                raise InputError(f"the renderer {self.name} needs plain .npy file names, not {file!r}")
        if "{stem}" not in self.driving_file:
            raise InputError(f"the driving_file of {self.name} must hold {{stem}}, not {self.driving_file!r}")

    def feature_file(self, audio: PurePath, *, driving: bool) -> str:
        """Name of the file to write for a recording."""
        return self.driving_file.format(stem=audio.stem) if driving else self.training_file
