"""The tables that a preparation leaves beside its corpus: `quarantine.tsv` and `remarks.tsv`."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.corpus.remote import RemoteFolder, is_address
from pase.errors import InputError


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A clip that was not kept: one row of `quarantine.tsv`; what the table does not say is empty."""

    clip: str
    source: str
    stage: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A repair of a clip, or a doubt about it: one row of `remarks.tsv`."""

    clip: str
    remark: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many clips were lost for one reason.

    Attributes:
        stage: The stage that refused them.
        reason: In one word or several joined by ``_``.
        clips: All of them, in the table's order.
    """

    stage: str
    reason: str
    clips: tuple[Quarantined, ...]

    @property
    def label(self) -> str:
        """The reason in words."""
        return self.reason.replace("_", " ")


def read_quarantine(corpus: Path | str) -> tuple[Quarantined, ...]:
    """Rows of `quarantine.tsv`; none where the corpus has no such file.

    Raises:
        InputError: It cannot be read, or has no column ``clip`` or ``reason``.
    """
    rows = _read(corpus, "quarantine.tsv", ("clip", "reason"))
    names = ("clip", "source", "stage", "reason", "detail")
    return tuple(Quarantined(*(row.get(name) or "" for name in names)) for row in rows)


def read_remarks(corpus: Path | str) -> tuple[Remark, ...]:
    """Rows of `remarks.tsv`; none where the corpus has no such file.

    Raises:
        InputError: It cannot be read, or has no column ``clip`` or ``remark``.
    """
    return tuple(Remark(row["clip"], row["remark"]) for row in _read(corpus, "remarks.tsv", ("clip", "remark")))


def count_reasons(rows: Sequence[Quarantined]) -> list[ReasonCount]:
    """Quarantined clips by stage and reason, the most frequent first."""
    found: dict[tuple[str, str], list[Quarantined]] = {}
    for row in rows:
        found.setdefault((row.stage, row.reason), []).append(row)
    counts = [ReasonCount(stage, reason, tuple(own)) for (stage, reason), own in found.items()]
    return sorted(counts, key=lambda count: (-len(count.clips), count.stage, count.reason))


def count_remark_kinds(rows: Sequence[Remark]) -> list[tuple[str, int, Remark]]:
    """Remarks that differ only in names and numbers counted together.

    Returns:
        Kind, number and first example of each, the most frequent first.
    """
    first: dict[str, Remark] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        kind = remark_kind(row.remark)
        first.setdefault(kind, row)
        counts[kind] += 1
    return [
        (kind, number, first[kind]) for kind, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def remark_kind(text: str) -> str:
    """A remark without what is special to its clip: quotations and paths become ``…``, numbers ``N``."""
    text = re.sub(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|“[^”]*”", "…", text)
    text = re.sub(r"\S*/\S*[^\s:,;.]|\S+\.\w*[A-Za-z]\w*(?=[\s:,;]|$)", "…", text)
    return re.sub(r"\d+(?:[.,]\d+)*", "N", text)


def _read(corpus: Path | str, name: str, required: Sequence[str]) -> list[dict[str, str]]:
    try:
        lines = _text(corpus, name).splitlines()
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="", restkey="_more")
        missing = [column for column in required if lines and column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{corpus}/{name} has no column {' or '.join(missing)}. Run `pase prepare` again.")
        return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{corpus}/{name} cannot be read: {error}. Run `pase prepare` again.") from error


def _text(corpus: Path | str, name: str) -> str:
    """A file of the corpus, empty where there is none."""
    if not is_address(corpus):
        path = Path(corpus) / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    try:
        return RemoteFolder(str(corpus)).read(name).decode("utf-8")
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return ""
        raise
