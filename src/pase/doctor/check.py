"""What a check is, and what comes out of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pase.errors import PaseError


class Status(StrEnum):
    """What a result amounts to.

    `OK`: it works. `WARNING`: something optional is absent, or is not what was tested. `PROBLEM`: something that PASE
    needs, or that this machine was set up to have, does not work.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the doctor's report.

    Attributes:
        name: What was looked at.
        status: What it amounts to.
        found: What was found.
        advice: What to do; empty where nothing has to be done.
    """

    name: str
    status: Status
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        name: Of the result where looking itself fails.
        look: Gives the results, one by one.
    """

    name: str
    look: Callable[[], Iterable[Result]]

    def run(self) -> Iterator[Result]:
        """Look; whatever goes wrong becomes a problem, so that the checks after this one are still made."""
        try:
            yield from self.look()
        except PaseError as error:
            yield Result(self.name, Status.PROBLEM, str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the doctor must not die of what it is to find
            found = f"this check failed: {type(error).__name__}: {error}"
            yield Result(self.name, Status.PROBLEM, found, "reinstall what the error names, or report it")


def exit_status(results: Iterable[Result]) -> int:
    """0: no problem; 1: at least one."""
    return int(any(result.status is Status.PROBLEM for result in results))
