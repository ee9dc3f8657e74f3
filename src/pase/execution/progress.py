"""How far a long job is: a bar on a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_LINE_SECONDS = 30.0  # between two lines in a log


class ProgressReport:
    """Context manager that counts finished items on stderr.

    Args:
        title: What is being done.
        total: Number of items.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._done = self._failed = 0
        self._started = self._last = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "ProgressReport":
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True))
            self._task = self._bar.add_task(self._title, total=self._total, note="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._done:
            self._line()

    def advance(self, *, failed: bool) -> None:
        """Count one more item."""
        self._done += 1
        self._failed += failed
        if self._bar is not None:
            self._bar.update(self._task, advance=1, note=f"{self._failed} quarantined" if self._failed else "")
        elif time.monotonic() - self._last >= _LINE_SECONDS:
            self._line()

    def _line(self) -> None:
        self._last = time.monotonic()
        rate = self._done / max(self._last - self._started, 1e-3)
        note = f", {self._failed} quarantined" if self._failed else ""
        print(f"{self._title}: {self._done} of {self._total}{note}, {rate:.1f} a second", file=sys.stderr, flush=True)
