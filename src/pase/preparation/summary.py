"""What a preparation came to: the tables, and the lines for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pase.corpus.clip import FRAME_RATE
from pase.corpus.target import Target
from pase.preparation.outcomes import Outcome, StageRefusal


@dataclass(frozen=True, slots=True)
class PrepareSummary:
    """What a preparation came to.

    Attributes:
        corpus: Folder or address of the prepared corpus.
        tables: Where ``quarantine.tsv`` and ``remarks.tsv`` lie: in the corpus, or until it is complete in the work
            folder.
        videos: Videos of the source.
        used: Videos that gave at least one clip.
        clips: Clips in the manifest.
        resumed: Videos that an earlier run had finished.
        hours: Length of the clips.
        quarantined: Lines of the quarantine table by stage and reason.
        remarks: Lines of the table of remarks.
        elapsed: Seconds that the run took.
        stage_seconds: Of them, by stage.
        until: The last stage, where it was not the last of all.
    """

    corpus: str
    tables: str
    videos: int
    used: int
    clips: int
    resumed: int
    hours: float
    quarantined: Mapping[tuple[str, str], int]
    remarks: int
    elapsed: float
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    until: str = ""

    def __str__(self) -> str:
        again = f" ({self.resumed} of them finished before)" if self.resumed else ""
        length = f"{self.hours:.2f} hours" if self.hours >= 1 else f"{self.hours * 60:.2f} minutes"
        if self.until:
            first = f"{self.videos} videos{again}: all stages up to {self.until} done in {self.elapsed:.0f} s"
        else:
            first = f"{self.videos} videos{again}: {self.clips} clips, {length}, in {self.elapsed:.0f} s"
        lines = [first, *self.reasons()]
        if self.stage_seconds:
            lines.append("seconds: " + ", ".join(f"{name} {spent:.0f}" for name, spent in self.stage_seconds.items()))
        if self.quarantined:
            lines.append(f"reasons, clip by clip: {self.tables}/quarantine.tsv")
        if self.remarks:
            lines.append(f"repairs and doubts: {self.tables}/remarks.tsv")
        return "\n".join(lines)

    def reasons(self) -> list[str]:
        """The table of reasons, the most frequent first."""
        ranked = sorted(self.quarantined.items(), key=lambda item: (-item[1], item[0]))
        return [f"  {count:6d}  quarantined at {stage}: {reason}" for (stage, reason), count in ranked]


def count_reasons(refused: Iterable[StageRefusal]) -> Mapping[tuple[str, str], int]:
    """Lines of the quarantine table by stage and reason."""
    return Counter((entry.stage, entry.refusal.reason) for entry in refused)


def hours_of(outcomes: Iterable[Outcome]) -> float:
    """Length of all clips."""
    return sum(clip.frames for outcome in outcomes for clip in outcome.clips) / FRAME_RATE / 3600


def write_tables(
    target: Target,
    paths: Mapping[str, str],
    outcomes: Sequence[Outcome],
    others: Sequence[tuple[str, str, StageRefusal]],
) -> None:
    """Write ``quarantine.tsv`` and ``remarks.tsv``.

    Args:
        target: The corpus.
        paths: The videos' paths below the source, by their names.
        outcomes: What became of them.
        others: Video name, path and refusal of what never came to a stage, or was lost in one.
    """
    rows = [
        (entry.refusal.clip, paths[outcome.name], entry.stage, entry.refusal.reason, entry.refusal.detail)
        for outcome in outcomes
        for entry in outcome.refused
    ]
    rows += [(name, path, e.stage, e.refusal.reason, e.refusal.detail) for name, path, e in others]
    _write_table(target, "quarantine.tsv", ("clip", "source", "stage", "reason", "detail"), sorted(rows))
    remarks = sorted((outcome.name, remark) for outcome in outcomes for remark in outcome.remarks)
    _write_table(target, "remarks.tsv", ("clip", "remark"), remarks)


def _write_table(target: Target, name: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with target.new_file(name) as path, path.open("w", encoding="utf-8") as file:
        for row in (header, *rows):
            file.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
