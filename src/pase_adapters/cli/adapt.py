"""`pase-adapt`: feature files for a renderer."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pase.errors import InputError
from pase.execution.choice import SLURM_HELP, open_executor
from pase_adapters.cli.renderers import open_registry
from pase_adapters.registry import GROUP, VARIABLE, Registry
from pase_adapters.spec import RendererSpec

if TYPE_CHECKING:
    from pase_adapters.adapt import Adapted, Job

_EXAMPLES = f"""\
examples:
  pase-adapt --renderer er-nerf --audio data/obama/aud.wav --data-dir data/obama
  pase-adapt --renderer er-nerf --audio one.wav two.wav --driving --output out --data-dir data/obama
  pase-adapt --renderer er-nerf --slot any --audio data/obama/aud.wav --data-dir data/obama
  pase-adapt --list

Other renderers come as plug-ins: entry-point group {GROUP}, or {VARIABLE}=module:SPEC while developing one.
"""


def run(arguments: Sequence[str]) -> int:
    """Write feature files, or show the renderers; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    registry = open_registry()
    if options.list:
        _print_list(registry)
        return 0
    needed = {"--renderer": options.renderer, "--audio": options.audio}
    missing = [flag for flag, value in needed.items() if not value]
    if options.output is None and (options.data_dir is None or options.driving):
        missing.append("--output")
    if missing:
        parser.error(f"{', '.join(missing)} must be given, or --list alone")
    if options.slurm and options.executor != "slurm":
        parser.error("--slurm goes with --executor slurm")
    if len(options.audio) > 1 and not options.driving:
        parser.error("several recordings need --driving: a subject has one sound of its own")
    spec = registry.get(options.renderer)
    spec.slot(options.slot)
    return _adapt(options, spec)


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
    parser.add_argument(
        "--audio", metavar="FILE", type=Path, nargs="+", help="the sound: audio or video files, several with --driving"
    )
    parser.add_argument(
        "--checkpoint", metavar="DIR", type=Path, help="folder of a PASE checkpoint (default: the one in the package)"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, help="folder to write to (default: --data-dir)")
    parser.add_argument(
        "--data-dir", metavar="SUBJECT", type=Path, help="the subject as the renderer processed it: rows are checked"
    )
    parser.add_argument("--slot", metavar="NAME", help="which of the renderer's inputs (default: its first in --list)")
    parser.add_argument(
        "--fps",
        metavar="RATE",
        type=_rate,
        help="frame rate of the subject's video: 25, 29.97, 30000/1001 ... (default: the renderer's)",
    )
    parser.add_argument(
        "--driving", action="store_true", help="the sound is not the subject's own, but one for it to speak"
    )
    parser.add_argument(
        "--silence-gate", action="store_true", help="fade features to rest where the recording is silent"
    )
    parser.add_argument(
        "--tolerance", metavar="N", type=int, default=1, help="video frames that sound and video may differ by (1)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=0, help="several recordings: worker processes (default: none but this)"
    )
    parser.add_argument(
        "--executor", choices=("local", "slurm"), default="local", help="several recordings: where the workers are"
    )
    parser.add_argument("--slurm", metavar="NAME=VALUE", nargs="+", default=(), help=SLURM_HELP)
    parser.add_argument("--force", action="store_true", help="replace features that were made from something else")
    return parser


def _rate(text: str) -> float:
    """Frames per second, as a number or a fraction; the television rates are what their decimals stand for."""
    top, _, bottom = text.partition("/")
    rate = float(top) / float(bottom or 1)
    for exact in (24000 / 1001, 30000 / 1001, 60000 / 1001):
        if abs(rate - exact) < 0.005:  # 23.98, 29.97, 59.94
            return exact
    return rate


def _adapt(options: argparse.Namespace, spec: RendererSpec) -> int:
    from pase_adapters.adapt import Job  # NumPy and more: not for --help, --list or a mistyped renderer

    jobs = [
        Job(
            spec=spec,
            audio=audio,
            checkpoint=options.checkpoint,
            output=options.output or options.data_dir,
            slot_name=options.slot,
            fps=options.fps,
            data_dir=options.data_dir,
            driving=options.driving,
            tolerance=options.tolerance,
            gated=options.silence_gate,
            force=options.force,
        )
        for audio in options.audio
    ]
    alone = len(jobs) == 1 and options.executor == "local"
    return _adapt_one(jobs[0]) if alone else _adapt_several(jobs, options)


def _adapt_one(job: "Job") -> int:
    from pase_adapters.adapt import adapt

    result = adapt(job)
    _print_file(job, result)
    print(f"\nNext, in your {job.spec.name} folder ({job.spec.project_url}):")
    for command in result.commands:
        print(f"  # {command.title}\n  {command.line}")
    return 0


def _adapt_several(jobs: "list[Job]", options: argparse.Namespace) -> int:
    """One file for each recording; a recording that cannot be used does not keep the others from being written."""
    from pase.execution.base import WorkerDiedError, unless_failed
    from pase.execution.progress import ProgressReport
    from pase_adapters.adapt import adapt_one_of_many

    names = Counter(job.features for job in jobs)
    if twice := [path for path, count in names.items() if count > 1]:
        raise InputError(f"several recordings would become {twice[0]}: give them different names")
    refused = 0
    executor = open_executor(options.executor, options.jobs, jobs[0].output / "slurm", slurm=options.slurm)
    with executor, ProgressReport("recordings", len(jobs)) as progress:
        for job, result in executor.run(adapt_one_of_many, jobs):
            if isinstance(result, InputError | WorkerDiedError):
                refused += 1
                told = f"{job.audio}: {result}" if isinstance(result, WorkerDiedError) else str(result)
                print(f"pase-adapt: error: {told}", file=sys.stderr)
            else:
                _print_file(job, unless_failed(result, f"{job.audio} could not be encoded"))
            progress.advance(failed=False)
    if refused:
        raise InputError(f"{refused} of {len(jobs)} recordings were refused, see above; the others are written")
    return 0


def _print_file(job: "Job", result: "Adapted") -> None:
    rows, *columns, width = result.shape
    print(f"wrote {result.features}")
    print(
        f"  {rows} rows x {f'{columns[0]} columns x ' if columns else ''}{width} features for {result.duration:.2f} s "
        f"of sound, {job.layout.rows_per_second:g} rows a second; {_fit(result)}"
    )
    if result.silent is not None:
        print(f"  silence gate: {result.silent:.0%} of the sound is at rest")
    if result.frames is not None:
        print(f"  {_agreement(result)}")


def _fit(result: "Adapted") -> str:
    room = result.shape[-1]
    if result.feature_width < result.encoder_width:
        return f"{result.encoder_width} features projected to {room}"
    if result.feature_width < room:
        return f"{result.encoder_width} features, padded with zeros and rescaled"
    return f"{result.encoder_width} features as they are"


def _agreement(result: "Adapted") -> str:
    difference = result.rows - result.sound_rows
    if difference == 0:
        return f"one row for each of the subject's {result.frames} video frames"
    done = "added" if difference > 0 else "cut off"
    return f"{abs(difference)} row(s) {done} at the end to match the subject's {result.frames} video frames"


def _print_list(registry: Registry) -> None:
    for spec in registry.specs.values():
        print(f"{spec.name}\n  {spec.description}\n  {spec.project_url} ({spec.licence})")
        for slot in spec.slots:
            width = "any width, by pase-adapt run" if slot.launched else f"{slot.layout.width} features"
            print(f"  slot {slot.name}: {slot.training_file}, {width}{', ' if slot.switch else ''}{slot.switch}")
        if spec.needs:
            print(f"  needs {', '.join(need.file for need in spec.needs)}")
        print(f"  checked: {spec.proven}")
        for limit in spec.limits:
            print(f"  mind: {limit}")
