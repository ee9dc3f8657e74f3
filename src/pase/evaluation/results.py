"""What an evaluation found, as values and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from pase.errors import InputError
from pase.evaluation.bootstrap import Estimate, Floats
from pase.evaluation.measures import KEPT, MEASURES, Found
from pase.evaluation.representations import OWN
from pase.files import read_json, write_text

FORMAT = 2

CLEAN = "clean"

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Split:
    """Clips that were measured on.

    Attributes:
        name: ``"validation"`` or ``"unseen"``.
        clips: Their names.
        frames: Their frames, at 25 per second.
        labelled: Frames whose phone is known.
    """

    name: str
    clips: tuple[str, ...]
    frames: int
    labelled: int


@dataclass(frozen=True)
class Measured:
    """One number.

    Attributes:
        split: Name of the split.
        condition: How the clips were heard, ``"clean"`` or the name of a degradation.
        input: What was measured: a representation, ``"pictures"``, ``"no motion"`` or ``"most frequent"``.
        measure: One of `pase.evaluation.measures.MEASURES`.
        at: What it was measured at, such as a length or a shift; may be empty.
        estimate: The number with its interval.
        sums: What each clip of the split adds, for comparing runs clip by clip; empty where that would be too much.
    """

    split: str
    condition: str
    input: str
    measure: str
    at: str
    estimate: Estimate
    sums: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InputError(f"{self.measure!r} is no measure of this version")

    @classmethod
    def of(cls, found: Found, split: str, condition: str, source: str, seed: int) -> "Measured":
        """A measurement with its interval."""
        kept = found.sums if MEASURES[found.measure].statistic in KEPT else np.zeros((0, 0))
        sums = tuple(tuple(float(value) for value in row) for row in kept)
        return cls(split, condition, source, found.measure, found.at, found.estimate(seed), sums)

    @property
    def table(self) -> Floats:
        """The sums, shape ``(clips, K)``."""
        return np.array(self.sums, dtype=np.float64)


@dataclass(frozen=True)
class Results:
    """One evaluation.

    Attributes:
        format: Of the file.
        checkpoint: Folder of the checkpoint.
        model_id: Its identity.
        corpus: Folder of the corpus.
        unseen: Folder of the corpus of other people.
        command: What was run.
        date: As the caller gives it.
        seed: Of probes, degradations and bootstrap.
        train_clips: Clips that probes and regressions were fitted on.
        train_frames: Their frames.
        inputs: The representations, the model's own first.
        conditions: How the clips were heard.
        splits: What was measured on.
        measured: The numbers.
    """

    format: int
    checkpoint: str
    model_id: str
    corpus: str
    unseen: str | None
    command: str
    date: str | None
    seed: int
    train_clips: int
    train_frames: int
    inputs: tuple[str, ...]
    conditions: tuple[str, ...]
    splits: tuple[Split, ...]
    measured: tuple[Measured, ...]

    def select(
        self, split: str, measure: str, at: str | None = None, source: str | None = None, condition: str = CLEAN
    ) -> list[Measured]:
        """The numbers of a measure under a condition; all of `at` and of the inputs where none is given."""
        return [
            one
            for one in self.measured
            if (one.split, one.measure, one.condition) == (split, measure, condition)
            and at in (None, one.at)
            and source in (None, one.input)
        ]

    def find(
        self, split: str, measure: str, at: str = "", source: str = OWN, condition: str = CLEAN
    ) -> Estimate | None:
        """One number, None where it was not measured or could not be."""
        found = self.select(split, measure, at, source, condition)
        return found[0].estimate if found and not math.isnan(found[0].estimate.value) else None

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for NaN, which JSON does not have."""
        value: dict[str, Any] = _plain(self)
        return value

    @classmethod
    def from_json(cls, value: Any) -> "Results":
        """Inverse of `to_json`.

        Raises:
            InputError: Entries are missing or of the wrong kind, or it is of another format.
        """
        found = value.get("format") if isinstance(value, dict) else None
        if isinstance(value, dict) and found != FORMAT:
            raise InputError(f"format {found!r}, this version reads {FORMAT}: run `pase evaluate` again")
        return _read(cls, value, "results")

    def save(self, path: Path) -> None:
        """Write ``results.json``, each number on a line of its own."""
        plain = self.to_json()
        numbers = [json.dumps(one, ensure_ascii=False, sort_keys=True) for one in plain.pop("measured")]
        head = json.dumps(plain, indent=2, ensure_ascii=False, sort_keys=True).removesuffix("\n}")
        write_text(path, head + ',\n  "measured": [\n' + ",\n".join(numbers) + "\n  ]\n}\n")

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


def facts(results: Results) -> list[tuple[str, str]]:
    """How the results were made, as names and values."""
    found = {
        "checkpoint": f"{results.checkpoint} (model {results.model_id})",
        "corpus": results.corpus,
        "unseen people": results.unseen,
        "command": results.command,
        "date": results.date,
        "seed": str(results.seed),
        "fitted on": f"{results.train_clips} training clips, {results.train_frames} frames, clean sound",
        "measured on": ", ".join(f"{len(split.clips)} {split.name} clips" for split in results.splits),
    }
    return [(name, fact) for name, fact in found.items() if fact]


def places(measured: Sequence[Measured]) -> list[str]:
    """What some numbers were measured at, each once, in their order."""
    return list(dict.fromkeys(one.at for one in measured))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() else value


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
