"""Known vulnerabilities of the tested versions: ``python -m pase.doctor.audit`` in the checkout, by pip-audit.

pip-audit's service can be out of reach, or a mirror that knows no package; only then, and only with
``--offline-passes``, does an audit pass that has audited nothing.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_NO_SERVICE = re.compile(
    r"not found on PyPI and could not be audited|Could not connect to PyPI|PyPI is not redirecting"
    r"|requests\.exceptions\.(\w*Connection\w*|\w*Timeout|ProxyError|SSLError|HTTPError)\b"
)

WELL_KNOWN = "pip==24.0\n"
"""What a service that works knows."""


@dataclass(frozen=True)
class Answer:
    """What pip-audit has said of a requirements file."""

    status: int
    found: str
    log: str

    @property
    def audited(self) -> bool:
        """Whether there is a verdict: nothing on stdout and a failure is none."""
        return self.status == 0 or bool(self.found.strip())

    @property
    def without_service(self) -> bool:
        """Whether the service is to blame that there is no verdict, as far as the log tells."""
        return not self.audited and _NO_SERVICE.search(self.log) is not None


def ask(requirements: Path) -> Answer:
    """Let pip-audit look up the versions of a file; it fails at a package that its service does not know."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--no-deps", "--disable-pip"]
    done = subprocess.run(
        [*command, "--strict", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def audit(requirements: Path, offline_passes: bool, ask: Callable[[Path], Answer] = ask) -> tuple[int, str]:
    """The exit status and what to tell.

    Args:
        requirements: A file of pinned versions.
        offline_passes: Take it for no failure where the service gives no answer for a package that it must know.
        ask: What looks a file up.
    """
    answer = ask(requirements)
    if answer.status == 0:
        return 0, f"audit: no known vulnerability in {requirements}"
    if answer.audited:
        return 1, answer.found
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "well_known.txt"
        probe.write_text(WELL_KNOWN, encoding="ascii")
        offline = answer.without_service and ask(probe).without_service
    if offline:
        told = f"audit: nothing was audited, the vulnerability service does not even know {WELL_KNOWN.strip()}"
        return (0 if offline_passes else 1), f"{told} (offline?)"
    return 1, f"audit: {requirements} could not be audited:\n{answer.log.strip()}"


def main() -> int:
    """Audit ``constraints.txt``."""
    parser = argparse.ArgumentParser(prog="python -m pase.doctor.audit", description=main.__doc__)
    parser.add_argument("--offline-passes", action="store_true", help="do not fail where the service cannot be asked")
    status, told = audit(Path("constraints.txt"), parser.parse_args().offline_passes)
    print(told)
    return status


if __name__ == "__main__":
    sys.exit(main())
