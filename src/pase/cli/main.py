"""The `pase` command: parsing and wiring only. What a subcommand needs is imported when it runs."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pase import __version__
from pase.errors import InputError, PaseError

_LIGHTNING = {
    "fit": "train an encoder: pase fit --config CONFIG.yaml (--print_config shows all settings)",
    "validate": "losses and sync accuracy of a Lightning checkpoint on the validation clips",
    "test": "the same on the test clips",
    "predict": "features of a corpus's clips by a Lightning checkpoint",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _LIGHTNING:
            from pase.training.cli import main as lightning_main

            lightning_main(given)
            return 0
        options = _parser(given).parse_args(given)
        options.run(options)
        return 0
    except PaseError as error:
        print(f"pase: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pase: interrupted", file=sys.stderr)
        return 130


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pase", description="PASE: a speech encoder that gives talking heads better lips."
    )
    parser.add_argument("--version", action="version", version=f"pase {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    _add_synthesize(command("synthesize", _synthesize, "write talking faces, or speech alone, with exact phone times"))
    prepare = command("prepare", _prepare, "turn talking-face videos into a phoneme-aligned corpus")
    if given[:1] == ["prepare"]:  # its arguments know the recipes, which takes imports
        _add_prepare(prepare)
    _add_inspect(command("inspect", _inspect, "write a page to look at a prepared corpus, or at one of its clips"))
    for name, text in _LIGHTNING.items():
        commands.add_parser(name, help=text)  # `main` runs these before parsing comes here
    _add_study(command("study", _study, "train rows of settings with several seeds each, and compare them"))
    _add_export(
        command("export", _export, "turn a Lightning checkpoint into a folder for use, or such a folder into ONNX")
    )
    _add_encode(command("encode", _encode, "features of a sound or video file, as .npy"))
    _add_evaluate(
        command("evaluate", _evaluate, "lips, closures, sync, phones and silence of a checkpoint on held-out clips")
    )
    _add_compare(command("compare", _compare, "compare evaluations of several runs and seeds"))
    return parser


def _add_synthesize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", type=Path, help="folder to write to")
    parser.add_argument("--clips", type=int, default=100, help="number of clips (default: %(default)s)")
    parser.add_argument("--speakers", type=int, help="default: 4 with faces, a fifth of the clips without")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same clips (default: %(default)s)")
    parser.add_argument(
        "--kind", choices=("faces", "speech"), default="faces", help="videos, or sound alone (default: %(default)s)"
    )
    parser.add_argument("--landmarks", action="store_true", help="faces: also write the renderer's own face landmarks")
    parser.add_argument(
        "--engines", nargs="+", metavar="NAME", help="speech: of espeak, flite, festival (default: those installed)"
    )


def _synthesize(options: argparse.Namespace) -> None:
    if options.kind == "speech":
        _synthesize_speech(options)
        return
    from pase.corpus.synthetic import synthesize

    if options.engines is not None:
        raise InputError("--engines goes with --kind speech: faces speak with espeak alone")
    speakers = 4 if options.speakers is None else options.speakers
    synthesize(options.output, options.clips, speakers, options.seed, options.landmarks)
    print(f"{options.clips} clips of {speakers} speakers in {options.output}")


def _synthesize_speech(options: argparse.Namespace) -> None:
    from pase.corpus.synthetic.voices import synthesize_speech

    if options.landmarks:
        raise InputError("--landmarks goes with --kind faces: speech alone has none")
    engines = synthesize_speech(options.output, options.clips, options.speakers, options.seed, options.engines)
    print(f"{options.clips} clips by {', '.join(engine.name for engine in engines)} in {options.output}")


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    from pase.preparation.arguments import add_arguments

    add_arguments(parser)


def _prepare(options: argparse.Namespace) -> None:
    from pase.preparation.arguments import options_from
    from pase.preparation.prepare import prepare

    print(prepare(options.source, options.output, options_from(options)))


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", help="folder or address of a prepared corpus")
    parser.add_argument("--clip", metavar="CLIP_ID", help="look at this clip instead of the whole corpus")
    parser.add_argument("--output", type=Path, help="HTML file to write (default: inspect.html in the corpus)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of clips to show (default: %(default)s)")


def _inspect(options: argparse.Namespace) -> None:
    if options.clip is not None:
        from pase.inspection.clip_page import inspect_clip

        print(inspect_clip(options.corpus, options.clip, options.output))
    else:
        from pase.inspection.corpus_page import inspect_corpus

        print(inspect_corpus(options.corpus, options.output, options.seed))


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, help="YAML file that names the rows, e.g. configs/study/ablation.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder for results.jsonl, results.md, report.html")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of each row (default: 0 1 2)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help="run these rows (default: all)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once (default: %(default)s)")


def _study(options: argparse.Namespace) -> None:
    from pase.study.runner import run_study

    page = run_study(
        options.study, options.output, options.seeds, options.only, options.jobs, lambda line: print(line, flush=True)
    )
    print(f"report: {page}")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file below the run's checkpoints/; --onnx: a folder")
    parser.add_argument("output", type=Path, help="folder to write; --onnx: file")
    parser.add_argument("--onnx", action="store_true", help="write the audio encoder as a graph for onnxruntime")
    parser.add_argument("--width", type=int, help="--onnx: features projected to this width (default: as they are)")


def _export(options: argparse.Namespace) -> None:
    if options.onnx:
        from pase.inference.onnx_export import export_onnx

        done = export_onnx(options.checkpoint, options.output, options.width)
        print(f"{done.path}: model {done.model_id}, width {done.width}, differs from torch by {done.error:.1g} at most")
        return
    from pase.training.export import export

    if options.width is not None:
        raise InputError("--width goes with --onnx: a checkpoint folder holds features of every width")
    print(f"{options.output}: model {export(options.checkpoint, options.output, {}).model_id}")


def _add_encode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", type=Path, help="any sound or video file")
    parser.add_argument("output", type=Path, help="the .npy file to write, float32, one row per time")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint folder")
    parser.add_argument("--rate", type=float, help="rows per second, e.g. 25 (default: the encoder's own states)")
    parser.add_argument("--width", type=int, help="features projected to this width, e.g. 29, 32, 44 (default: all)")


def _encode(options: argparse.Namespace) -> None:
    from pase.inference.encoder import PASE

    encoder = PASE.from_pretrained(options.checkpoint, options.width)
    rows, width = encoder.encode_to_file(options.audio, options.output, options.rate)
    print(f"{options.output}: {rows} rows of {width}, {options.rate or encoder.rate:g} per second")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="checkpoint folder")
    parser.add_argument("corpus", type=Path, help="prepared corpus; probes are fitted on its training clips")
    parser.add_argument("--unseen", type=Path, help="prepared corpus of people who were not trained on")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for results.json, results.md and report.html"
    )
    parser.add_argument(
        "--baselines",
        nargs="*",
        metavar="NAME",
        help="what is measured beside the model: untrained (the same network), log-stft, log-mel, mfcc, hama, whisper, "
        "wav2vec2=FILE[@LAYER], hubert=FILE[@LAYER], module:ATTRIBUTE (default: the first four)",
    )
    heard = parser.add_mutually_exclusive_group()
    heard.add_argument(
        "--conditions",
        nargs="+",
        default=[],
        metavar="NAME",
        help="also in noise or rooms: snr20 snr15 snr10 snr5 snr0 snr-5 rt0.3 rt0.6",
    )
    heard.add_argument("--sweep", action="store_true", help="all of these conditions")
    parser.add_argument("--run", type=Path, dest="run_folder", help="folder of the training run, for its curves")
    parser.add_argument("--seed", type=int, default=0, help="of probes, noise and bootstrap (default: %(default)s)")
    parser.add_argument("--most-clips", type=int, default=1000, help="of a split (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="where models compute, e.g. cuda (default: %(default)s)")


def _evaluate(options: argparse.Namespace) -> None:
    from datetime import UTC, datetime

    from pase.evaluation.evaluate import evaluate
    from pase.evaluation.options import EvaluationOptions
    from pase.evaluation.report import write_report

    results = evaluate(
        options.checkpoint,
        options.corpus,
        options.unseen,
        options.output,
        EvaluationOptions.from_names(
            options.baselines, options.conditions, options.sweep, options.seed, options.most_clips, options.device
        ),
        command=shlex.join(["pase", *sys.argv[1:]]),
        date=datetime.now(UTC).date().isoformat(),
        say=lambda line: print(line, flush=True),
    )
    report = write_report(options.output, options.checkpoint, options.corpus, results, options.run_folder)
    print(f"\n{options.output / 'results.md'}\n{report}")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results",
        nargs="+",
        metavar="[NAME=]RESULTS",
        help="results.json, or its folder; those of the same name are one group trained with several seeds, in the "
        "same order in every group. The others are compared with the first",
    )
    parser.add_argument("--all", action="store_true", help="every measure, not those alone that count")
    parser.add_argument("--baselines", action="store_true", help="also what was measured beside the first group")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="Markdown file to write too")


def _compare(options: argparse.Namespace) -> None:
    from pase.evaluation.compare_files import compare_files

    print(compare_files(options.results, options.all, options.baselines, options.seed, options.output))
