"""The `pase-adapt` command: parsing and printing only."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pase.errors import PaseError
from pase_adapters.registry import GROUP, VARIABLE, Registry, load_registry

if TYPE_CHECKING:
    from pase_adapters.adapt import Adapted

_EXAMPLES = f"""\
examples:
  pase-adapt --renderer er-nerf --audio data/obama/aud.wav --data-dir data/obama
  pase-adapt --renderer er-nerf --audio speech.wav --driving --output out --data-dir data/obama
  pase-adapt --list

Other renderers come as plug-ins: entry-point group {GROUP}, or {VARIABLE}=module:SPEC while developing one.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `pase-adapt`; return its exit status: 0 done, 1 refused with a message, 2 wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        registry = load_registry()
        for plugin in registry.skipped:
            print(f"pase-adapt: warning: left out {plugin.name or plugin.source}: {plugin.reason}", file=sys.stderr)
        if options.list:
            _print_list(registry)
            return 0
        needed = {"--renderer": options.renderer, "--audio": options.audio}
        missing = [flag for flag, value in needed.items() if value is None]
        if options.output is None and (options.data_dir is None or options.driving):
            missing.append("--output")
        if missing:
            parser.error(f"{', '.join(missing)} must be given, or --list alone")
        _adapt(options, registry)
    except PaseError as error:
        print(f"pase-adapt: error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pase-adapt",
        description="Write PASE speech features as the file that a talking-head renderer loads, "
        "and print the renderer's own commands to run next.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="show the renderers and stop")
    parser.add_argument("--renderer", metavar="NAME", help="the renderer, as --list names it")
    parser.add_argument("--audio", metavar="FILE", type=Path, help="the sound: any audio or video file")
    parser.add_argument(
        "--checkpoint", metavar="DIR", type=Path, help="folder of a PASE checkpoint (default: the one in the package)"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, help="folder to write to (default: --data-dir)")
    parser.add_argument(
        "--data-dir", metavar="SUBJECT", type=Path, help="the subject as the renderer processed it: rows are checked"
    )
    parser.add_argument(
        "--driving", action="store_true", help="the sound is not the subject's own, but one for it to speak"
    )
    parser.add_argument(
        "--tolerance", metavar="N", type=int, default=1, help="video frames that sound and video may differ by (1)"
    )
    parser.add_argument("--force", action="store_true", help="replace features that were made from something else")
    return parser


def _adapt(options: argparse.Namespace, registry: Registry) -> None:
    spec = registry.get(options.renderer)
    from pase_adapters.adapt import Job, adapt  # NumPy and more: not for --help, --list or a mistyped renderer

    job = Job(
        spec=spec,
        audio=options.audio,
        checkpoint=options.checkpoint,
        output=options.output or options.data_dir,
        data_dir=options.data_dir,
        driving=options.driving,
        tolerance=options.tolerance,
        force=options.force,
    )
    result = adapt(job)
    layout = spec.layout
    padded = "" if result.feature_width == layout.width else ", padded with zeros and rescaled"
    print(f"wrote {result.features}")
    print(
        f"  {result.rows} rows x {layout.columns} columns x {layout.width} features for {result.duration:.2f} s of "
        f"sound (from {result.feature_width} features{padded})"
    )
    if result.frames is not None:
        print(f"  {_agreement(result)}")
    print(f"\nNext, in your {spec.name} folder ({spec.project_url}):")
    for command in result.commands:
        print(f"  # {command.title}\n  {command.line}")


def _agreement(result: "Adapted") -> str:
    difference = result.rows - result.sound_rows
    if difference == 0:
        return f"one row for each of the subject's {result.frames} video frames"
    done = "added" if difference > 0 else "cut off"
    return f"{abs(difference)} row(s) {done} at the end to match the subject's {result.frames} video frames"


def _print_list(registry: Registry) -> None:
    for spec in registry.specs.values():
        print(f"{spec.name}\n  {spec.description}\n  {spec.project_url} ({spec.licence})")
