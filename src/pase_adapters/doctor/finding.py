"""What the doctor finds, and what it amounts to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: `ERROR` spoils or stops the renderer, `WARNING` may, `INFO` is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        severity: How bad it is.
        code: Short name of the kind, the same in every release.
        found: What was found, and what was expected.
        where: The file or option that it was found in.
        remedy: What to do, a command where there is one; empty where nothing has to be done.
    """

    severity: Severity
    code: str
    found: str
    where: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one subject.

    Attributes:
        renderer: Name of the renderer.
        slot: Name of its input.
        data_dir: The subject's folder.
        checked: What was looked at and what it is like, a line each.
        findings: What was found, the worst first.
    """

    renderer: str
    slot: str
    data_dir: str
    checked: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> int:
        """Exit status: 0 nothing worse than info, 1 an error, 3 warnings."""
        severities = {finding.severity for finding in self.findings}
        if Severity.ERROR in severities:
            return 1
        return 3 if Severity.WARNING in severities else 0


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then the rest, each in the order in which they were found."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def errors(findings: Iterable[Finding]) -> bool:
    """Whether there is an error among them."""
    return any(finding.severity is Severity.ERROR for finding in findings)
