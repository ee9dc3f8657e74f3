"""`pase-adapt doctor`: what is wrong with a subject's features, and what to do about it."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pase_adapters.cli.renderers import open_registry

if TYPE_CHECKING:
    from pase_adapters.doctor.finding import Finding, Report

_EPILOG = """\
exit status: 0 nothing worse than a remark, 1 an error, 2 wrong usage, 3 warnings

examples:
  pase-adapt doctor --renderer er-nerf --data-dir data/obama
  pase-adapt doctor --renderer er-nerf --data-dir data/obama --checkpoint-file trial/checkpoints/ngp_ep0010.pth
  pase-adapt doctor --renderer er-nerf --data-dir data/obama --driving-features out/speech_hu.npy --json
"""


def run(arguments: Sequence[str]) -> int:
    """Examine a subject and print what was found; return the exit status."""
    options = _parser().parse_args(arguments)
    registry = open_registry()
    spec = registry.get(options.renderer)
    spec.slot(options.slot)
    from pase_adapters.doctor.examine import examine  # NumPy: not for --help or a mistyped renderer
    from pase_adapters.doctor.visit import Visit

    visit = Visit(
        spec=spec,
        data_dir=options.data_dir,
        slot_name=options.slot,
        audio=options.audio,
        driving=options.driving_features,
        checkpoint=options.checkpoint,
        weights=options.checkpoint_file,
        stream_context=options.stream_context,
    )
    report = examine(visit)
    print(_as_json(report) if options.json else _as_text(report))
    return report.status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pase-adapt doctor",
        description="Look at a subject's feature files as the renderer will and say what is wrong. Nothing is changed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--renderer", metavar="NAME", required=True, help="the renderer, as pase-adapt --list names it")
    parser.add_argument("--data-dir", metavar="SUBJECT", type=Path, required=True, help="the subject's folder")
    parser.add_argument("--slot", metavar="NAME", help="which of the renderer's inputs (default: its first in --list)")
    parser.add_argument(
        "--audio", metavar="FILE", type=Path, help="the subject's sound (default: aud.wav in its folder)"
    )
    parser.add_argument(
        "--driving-features", metavar="FILE", type=Path, help="features of another recording, for the subject to speak"
    )
    parser.add_argument(
        "--checkpoint", metavar="DIR", type=Path, help="PASE checkpoint that the features should come from"
    )
    parser.add_argument("--checkpoint-file", metavar="FILE", type=Path, help="the trained renderer's own checkpoint")
    parser.add_argument("--stream-context", metavar="M", type=int, help="the -m that its real-time path is given")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _as_json(report: "Report") -> str:
    from dataclasses import asdict

    return json.dumps({**asdict(report), "status": report.status}, indent=2, ensure_ascii=False)


def _as_text(report: "Report") -> str:
    lines = [f"{report.renderer}, slot {report.slot}, {report.data_dir}"]
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(finding.severity, []).append(finding)
    for severity, findings in groups.items():
        lines += ["", _heading(severity, len(findings)), *(line for finding in findings for line in _lines(finding))]
    if report.status == 0:
        lines += ["", "Nothing is wrong."]
    if report.checked:
        lines += ["", "Looked at:", *(f"  {line}" for line in report.checked)]
    return "\n".join(lines)


def _heading(severity: str, count: int) -> str:
    if severity == "info":
        return "For your information:"
    return f"{count} {severity}{'s' if count > 1 else ''}:"


def _lines(finding: "Finding") -> list[str]:
    lines = [f"  {finding.where} [{finding.code}]", f"    {finding.found}"]
    return [*lines, f"    -> {finding.remedy}"] if finding.remedy else lines
