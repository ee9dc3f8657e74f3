"""The results file of a study: one finished run a line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pase.errors import InputError
from pase.files import write_text


@dataclass(frozen=True)
class Record:
    """A finished run.

    Attributes:
        row: Of the study.
        seed: Of the run.
        identity: Of its settings and corpora, see `pase.study.plan.identity_of`.
        overrides: The row's settings.
        steps: It was trained for.
        best_step: Whose weights were measured: those with the lowest loss on validation clips.
        seconds: Of training by the clock, its validations included.
        metrics: Name to value; a measure that could not be taken is left out.
        versions: Packages to versions.
    """

    row: str
    seed: int
    identity: str
    overrides: Mapping[str, Any]
    steps: int
    best_step: int
    seconds: float
    metrics: Mapping[str, float]
    versions: Mapping[str, str]

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes two records those of the same run."""
        return self.row, self.seed, self.identity


def read_records(path: Path) -> list[Record]:
    """All records of a results file; none if there is no file.

    Raises:
        InputError: A line that is no record.
    """
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            records.append(Record(**json.loads(line)))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{path}, line {number}: no result of a run ({error}). Delete the line to have the run done again."
            ) from error
    return records


def append_record(path: Path, records: Sequence[Record], new: Record) -> list[Record]:
    """Write the file with one record more, whole or not at all; returns all records."""
    everything = [*records, new]
    lines = (json.dumps(asdict(record), sort_keys=True, ensure_ascii=False) for record in everything)
    write_text(path, "".join(f"{line}\n" for line in lines))
    return everything
