"""What an evaluation found, as values, JSON and a table."""

import math
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pase.errors import InputError
from pase.evaluation.bootstrap import Estimate
from pase.files import read_json

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class SyncResult:
    """A/V offset, searched among -15 ... +15 frames.

    Attributes:
        clips: Share of whole clips whose offset is found within one frame.
        windows: The same of 0.4-s windows.
        curve: Mean similarity over all frames for each of `pase.evaluation.sync.SHIFTS`.
    """

    clips: Estimate
    windows: Estimate
    curve: tuple[float, ...]


@dataclass(frozen=True)
class ApertureResult:
    """Lip aperture predicted by ridge regression.

    Attributes:
        input: Name of the representation.
        pooled: Correlation over the frames of all clips: the headline.
        per_clip: Mean of the clips' own correlations.
        strength: Of the ridge.
    """

    input: str
    pooled: Estimate
    per_clip: Estimate
    strength: float


@dataclass(frozen=True)
class ProbeResult:
    """Linear probe.

    Attributes:
        input: Name of the representation.
        target: ``"phone"`` or ``"viseme"``.
        context: Frames that each decision sees.
        accuracy: Over all labelled frames.
        balanced: Mean recall of the classes that occur.
        strength: Of the penalty.
    """

    input: str
    target: str
    context: int
    accuracy: Estimate
    balanced: Estimate
    strength: float


@dataclass(frozen=True)
class BilabialResult:
    """Closure at /p b m/.

    Attributes:
        tokens: Bilabials looked at.
        seen: Mean normalised gap in the pictures for each of `pase.evaluation.closures.SHIFTS`.
        predicted: The same of the gap predicted from the features.
        recall: Share of the closures that the prediction has too.
        false_alarms: Share of the vowels with open lips at which the prediction closes.
    """

    tokens: int
    seen: tuple[Estimate, ...]
    predicted: tuple[Estimate, ...]
    recall: Estimate
    false_alarms: Estimate


@dataclass(frozen=True)
class SplitResult:
    """Everything measured on some clips.

    Attributes:
        name: ``"validation"`` or ``"unseen"``.
        clips: How many.
        frames: Their frames, at 25 per second.
        labelled: Frames whose phone is known.
        largest_phone: Share of the most frequent phone among them.
        largest_viseme: Share of the most frequent viseme.
        sync: A/V offset.
        aperture: One for each representation.
        probes: One for each representation, target and context; none where no phones are known.
        bilabials: None where no phones are known.
    """

    name: str
    clips: int
    frames: int
    labelled: int
    largest_phone: float
    largest_viseme: float
    sync: SyncResult
    aperture: tuple[ApertureResult, ...]
    probes: tuple[ProbeResult, ...]
    bilabials: BilabialResult | None


@dataclass(frozen=True)
class Results:
    """One evaluation.

    Attributes:
        checkpoint: Folder of the checkpoint.
        model_id: Its identity.
        corpus: Folder of the corpus.
        unseen: Folder of the corpus of other people.
        command: What was run.
        date: As the caller gives it.
        seed: Of probes and bootstrap.
        train_clips: Clips that probes and regressions were fitted on.
        train_frames: Their frames.
        splits: What was measured on.
    """

    checkpoint: str
    model_id: str
    corpus: str
    unseen: str | None
    command: str
    date: str | None
    seed: int
    train_clips: int
    train_frames: int
    splits: tuple[SplitResult, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for NaN, which JSON does not have."""
        value: dict[str, Any] = _plain(self)
        return value

    @classmethod
    def from_json(cls, value: Any) -> "Results":
        """Inverse of `to_json`.

        Raises:
            InputError: Entries are missing or of the wrong kind.
        """
        return _read(cls, value, "results")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read a ``results.json``.

        Raises:
            InputError: It cannot be read.
        """
        try:
            return cls.from_json(read_json(path))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def table(self) -> list[list[str]]:
        """Rows of text: the head, then a measure each, with a column for each split."""
        head = ["measure", *(f"{split.name} ({split.clips} clips)" for split in self.splits)]
        columns = [_measures(split) for split in self.splits]
        names = list(dict.fromkeys(name for column in columns for name in column))
        return [head, *([name, *(column.get(name, "-") for column in columns)] for name in names)]

    def to_markdown(self) -> str:
        """The table with how it was made."""
        head, *rows = self.table()
        lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)]), *(_line(row) for row in rows)]
        facts = {
            "checkpoint": f"{self.checkpoint} (model {self.model_id})",
            "corpus": self.corpus,
            "unseen people": self.unseen,
            "command": f"`{self.command}`" if self.command else None,
            "date": self.date,
            "seed": str(self.seed),
            "fitted on": f"{self.train_clips} training clips, {self.train_frames} frames",
        }
        made = "\n".join(f"- {name}: {fact}" for name, fact in facts.items() if fact)
        return f"# Evaluation of {self.model_id}\n\n{made}\n\nBrackets: {INTERVAL}.\n\n" + "\n".join(lines) + "\n"


INTERVAL = "95 % interval by bootstrap over clips"


INPUT_NAMES = {"features": "PASE features", "untrained": "the same network, untrained"}
"""How representations are called where people read of them; the others' names speak for themselves."""


def _named(name: str) -> str:
    return INPUT_NAMES.get(name, name)


def _measures(split: SplitResult) -> dict[str, str]:
    found = {
        "A/V offset within ±1 frame, whole clips": str(split.sync.clips),
        "A/V offset within ±1 frame, 0.4-s windows": str(split.sync.windows),
    }
    for aperture in split.aperture:
        found[f"lip aperture from {_named(aperture.input)}, correlation"] = str(aperture.pooled)
    for aperture in split.aperture:
        found[f"lip aperture from {_named(aperture.input)}, mean of clips"] = str(aperture.per_clip)
    for probe in split.probes:
        seen = "1 frame" if probe.context == 1 else f"{probe.context} frames"
        found[f"{probe.target} from {_named(probe.input)}, {seen}: accuracy"] = str(probe.accuracy)
        found[f"{probe.target} from {_named(probe.input)}, {seen}: balanced"] = str(probe.balanced)
    if split.probes:
        found["most frequent phone"] = f"{split.largest_phone:.3f}"
        found["most frequent viseme"] = f"{split.largest_viseme:.3f}"
    if split.bilabials is not None:
        middle = len(split.bilabials.seen) // 2
        found["normalised lip gap at /p b m/, in the pictures"] = str(split.bilabials.seen[middle])
        found["normalised lip gap at /p b m/, predicted"] = str(split.bilabials.predicted[middle])
        found["closures at /p b m/ that are predicted"] = str(split.bilabials.recall)
        found["open vowels where a closure is predicted"] = str(split.bilabials.false_alarms)
    return found


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _read(kind: type[Kind], value: Any, where: str) -> Kind:
    """Values of a dataclass from JSON, by its annotations."""
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object, found {type(value).__name__}")
    hints = get_type_hints(kind)
    missing, unknown = sorted(hints.keys() - value.keys()), sorted(value.keys() - hints.keys())
    if missing or unknown:
        raise InputError(f"{where}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}")
    return kind(**{name: _read_entry(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


def _read_entry(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise InputError(f"{where}: expected a list, found {type(value).__name__}")
        return tuple(_read_entry(get_args(hint)[0], item, f"{where}[{place}]") for place, item in enumerate(value))
    if hint is float:
        value = math.nan if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{where}: expected a number, found {value!r}")
        return float(value)
    if NoneType in get_args(hint):
        return None if value is None else _read_entry(get_args(hint)[0], value, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, value, where)
    if not isinstance(value, hint):
        raise InputError(f"{where}: expected {hint.__name__}, found {value!r}")
    return value
